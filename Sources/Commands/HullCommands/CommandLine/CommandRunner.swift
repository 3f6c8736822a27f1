// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// From the words of the shell to an exit status.
package enum CommandRunner {
  /// Runs `hull` with the words behind its name. The returned status is the process's.
  package static func run(_ words: [String]) -> Int32 {
    let status = guarded { try dispatch(words) }
    Output.shared.flush()
    return status
  }

  private static func guarded(_ body: () throws -> Int32) -> Int32 {
    do {
      return try body()
    } catch let exit as ExitStatus {
      if let message = exit.message { Output.shared.error(message) }
      return exit.status
    } catch is BrokenPipe {
      SignalPipe.die(of: SIGPIPE)
    } catch {
      Output.shared.error(String(describing: error))
      return 1
    }
  }

  private static func dispatch(_ words: [String]) throws -> Int32 {
    guard let top = try FlagParser(flags: globalFlags, interspersed: false).parsed(words, failing: { rootFailure($0) }) else {
      Output.shared.write(rootHelp())
      return 0
    }
    if top.bool("version") {
      Output.shared.write("Hull version \(HullVersion.current), build \(HullVersion.commit)\n")
      return 0
    }
    let host = top.changed("host") ? top.string("host") : nil
    if top.changed("config") { setenv("HULL_CONFIG", top.string("config"), 1) }
    guard let verb = top.arguments.first else {
      Output.shared.write(rootHelp())
      return 0
    }
    if verb == "help" { return try help(Array(top.arguments.dropFirst())) }
    if verb == "__complete" { return Completer(words: Array(top.arguments.dropFirst()), host: host).run() }
    guard let command = Catalogue.top.first(where: { $0.answers(to: verb) }) else { throw unknown(verb, under: "", among: Catalogue.top) }
    return try descend(command, path: verb, words: Array(top.arguments.dropFirst()), host: host)
  }

  private static func descend(_ command: Command, path: String, words: [String], host: String?) throws -> Int32 {
    if let word = words.first, let verb = command.subcommands().first(where: { $0.answers(to: word) }) {
      return try descend(verb, path: "\(path) \(word)", words: Array(words.dropFirst()), host: host)
    }
    guard command.isNoun else { return try run(command, path: path, words: words, host: host) }
    guard let word = words.first, word != "--help", word != "-h" else {
      Output.shared.write(Help.text(command, path: path, columns: Terminal.columns ?? 80))
      return 0
    }
    throw unknown(word, under: path, among: command.subcommands())
  }

  private static func run(_ command: Command, path: String, words: [String], host: String?) throws -> Int32 {
    let flags = command.flags()
    var blank = Invocation(path: path, flags: flags, host: host)
    if command.passesWords {
      blank.arguments = words
      return try command.run?(blank) ?? 0
    }
    do {
      guard let call = try FlagParser(flags: flags, interspersed: command.interspersed).parse(words, into: blank) else {
        Output.shared.write(Help.text(command, path: path, columns: Terminal.columns ?? 80))
        return 0
      }
      try check(call.arguments.count, command.arguments, path)
      return try command.run?(call) ?? 0
    } catch let error as UsageError {
      throw ExitStatus(
        error.status, "\(error.message)\n\n\(Help.usage(command, path: path))\n\n\(error.verb) 'hull \(path) --help' for more information")
    }
  }

  private static func check(_ count: Int, _ rule: Command.Arguments, _ path: String) throws {
    func plural(_ number: Int) -> String { "\(number) argument\(number == 1 ? "" : "s")" }
    switch rule {
    case .none where count > 0: throw UsageError(message: "hull: 'hull \(path)' accepts no arguments", status: 1)
    case .exactly(let wanted) where count != wanted: throw UsageError(message: "hull: 'hull \(path)' requires \(plural(wanted))", status: 1)
    case .atLeast(let least) where count < least:
      throw UsageError(message: "hull: 'hull \(path)' requires at least \(plural(least))", status: 1, verb: "See")
    case .between(let least, let most) where count < least || count > most:
      throw UsageError(message: "hull: 'hull \(path)' requires at least \(least) and at most \(plural(most))", status: 1)
    default: return
    }
  }

  private static func unknown(_ word: String, under path: String, among commands: [Command]) -> ExitStatus {
    let prefix = path.isEmpty ? "hull" : "hull \(path)"
    var message = "\(prefix): '\(word)' is not a \(prefix) command."
    var near = Suggestions.near(word, among: commands.flatMap { [$0.name] + $0.otherNames })
    if near.isEmpty, path.isEmpty {
      near = commands.filter(\.isNoun).flatMap { noun in noun.subcommands().filter { $0.answers(to: word) }.map { "\(noun.name) \($0.name)" } }
    }
    if !near.isEmpty { message += " did you mean \(near.map { "'\(prefix) \($0)'" }.joined(separator: " or "))?" }
    return ExitStatus(1, "\(message)\n\nRun '\(prefix) --help' for more information")
  }

  private static func rootFailure(_ message: String) -> ExitStatus {
    ExitStatus(125, "\(message)\n\nUsage:  hull [OPTIONS] COMMAND [ARG...]\n\nRun 'hull --help' for more information")
  }

  private static func help(_ words: [String]) throws -> Int32 {
    guard !words.isEmpty else {
      Output.shared.write(rootHelp())
      return 0
    }
    var commands = Catalogue.top
    var path = ""
    var found: Command?
    for word in words {
      guard let command = commands.first(where: { $0.answers(to: word) }) else { throw unknown(word, under: path, among: commands) }
      path += (path.isEmpty ? "" : " ") + word
      commands = command.subcommands()
      found = command
    }
    if let found { Output.shared.write(Help.text(found, path: path, columns: Terminal.columns ?? 80)) }
    return 0
  }
}

extension FlagParser {
  /// The flags in front of the verb.
  fileprivate func parsed(_ words: [String], failing: (String) -> ExitStatus) throws -> Invocation? {
    do {
      return try parse(words, into: Invocation(path: "", flags: flags, host: nil))
    } catch let error as UsageError {
      throw failing(error.message)
    }
  }
}
