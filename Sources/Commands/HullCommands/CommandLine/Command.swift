// SPDX-License-Identifier: Apache-2.0
import Errors

/// A verb, or a noun with verbs below it.
///
/// Everything that is not needed to find the verb is behind a closure: a start looks at one command's flags, not at all of them.
struct Command: Sendable {
  /// How many arguments a verb takes.
  enum Arguments: Sendable {
    case none
    case exactly(Int)
    case atLeast(Int)
    case between(Int, Int)
    case any
  }

  /// What the shell offers for an argument.
  enum Completion: Sendable {
    case nothing, containers, runningContainers, stoppedContainers, images, volumes, objects, files, containerThenFiles
    case networks, networkThenContainers
    case words([String])
  }

  var name: String
  var otherNames: [String] = []
  var summary: String
  var details: String?
  /// Behind the command's own name in the usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`.
  var usage: String = ""
  /// More usage lines, whole.
  var moreUsage: [String] = []
  /// Every way to call it, without `hull`: `["container run", "run"]`.
  var aliases: [String] = []
  var arguments: Arguments = .none
  /// Flags may follow arguments; where not, the first argument ends them.
  var interspersed = true
  /// Every word is an argument, flags too: they are another program's.
  var passesWords = false
  var completion: Completion = .nothing
  var flags: @Sendable () -> [Flag] = { [] }
  var run: (@Sendable (Invocation) throws -> Int32)?
  var subcommands: @Sendable () -> [Command] = { [] }

  /// Nouns list their verbs instead of doing something; a verb may have verbs below it too.
  var isNoun: Bool { run == nil }

  func answers(to word: String) -> Bool { name == word || otherNames.contains(word) }

  /// The same verb under a noun or at the top, where it goes by another name.
  func renamed(_ name: String, otherNames: [String] = []) -> Command {
    var command = self
    command.name = name
    command.otherNames = otherNames
    return command
  }
}

/// A verb as it was called.
struct Invocation {
  /// `container ls`, as it was typed.
  var path: String
  var arguments: [String] = []
  fileprivate(set) var values: [String: [String]] = [:]
  private var initials: [String: String] = [:]
  /// The `--host` in front of the verb.
  var host: String?

  init(path: String, flags: [Flag], host: String?) {
    self.path = path
    self.host = host
    for flag in flags where flag.kind != .list { initials[flag.name] = flag.initial }
  }

  /// Whether the flag was given.
  func changed(_ name: String) -> Bool { values[name] != nil }
  func list(_ name: String) -> [String] { values[name] ?? [] }
  /// The values of a flag that takes several behind one another, parted by commas.
  func fields(_ name: String) throws(HullError) -> [String] {
    var all: [String] = []
    for value in list(name) where !value.isEmpty { all += try CSV.fields(value) }
    return all
  }
  func string(_ name: String) -> String { values[name]?.last ?? initials[name] ?? "" }
  func bool(_ name: String) -> Bool { string(name) == "true" }
  func int(_ name: String) -> Int { Int(string(name)) ?? 0 }
}

/// The words were wrong: the message, and where to read more.
struct UsageError: Error {
  var message: String
  var status: Int32
  /// How the pointer to the help begins.
  var verb = "Run"
}

/// The command ends with this status; the message, if any, goes to standard error as it stands.
struct ExitStatus: Error {
  var status: Int32
  var message: String?
  init(_ status: Int32, _ message: String? = nil) {
    self.status = status
    self.message = message
  }
}

/// Reads a verb's flags as pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc`, `--` ends them.
struct FlagParser {
  let flags: [Flag]
  let interspersed: Bool

  /// `nil`: help was asked for.
  func parse(_ words: [String], into call: Invocation) throws -> Invocation? {
    var call = call
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        call.arguments += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        call.arguments.append(word)
        if interspersed { continue }
        call.arguments += rest
        break
      }
      let asksForHelp = word.hasPrefix("--") ? try long(word, &rest, &call) : try short(word, &rest, &call)
      if asksForHelp { return nil }
    }
    return call
  }

  private func long(_ word: String, _ rest: inout ArraySlice<String>, _ call: inout Invocation) throws -> Bool {
    let body = String(word.dropFirst(2))
    let (name, value) = Text.cut(body, "=").map { ($0.0, Optional($0.1)) } ?? (body, nil)
    guard let flag = flags.first(where: { $0.name == name }) else {
      if name == "help" { return true }
      throw UsageError(message: "unknown flag: --\(name)", status: 125)
    }
    if let value { try set(flag, value, &call) } else { try setNext(flag, "--\(name)", &rest, &call) }
    return false
  }

  private func short(_ word: String, _ rest: inout ArraySlice<String>, _ call: inout Invocation) throws -> Bool {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let flag = flags.first(where: { $0.short == letter }) else {
        if letter == "h" { return true }
        throw UsageError(message: "unknown shorthand flag: '\(letter)' in \(word)", status: 125)
      }
      if letters.first == "=" {
        try set(flag, String(letters.dropFirst()), &call)
        return false
      }
      if flag.kind == .bool {
        try set(flag, "true", &call)
      } else if letters.isEmpty {
        try setNext(flag, "'\(letter)' in \(word)", &rest, &call)
      } else {
        try set(flag, String(letters), &call)
        return false
      }
    }
    return false
  }

  private func setNext(_ flag: Flag, _ title: String, _ rest: inout ArraySlice<String>, _ call: inout Invocation) throws {
    if flag.kind == .bool { return try set(flag, "true", &call) }
    guard let value = rest.popFirst() else { throw UsageError(message: "flag needs an argument: \(title)", status: 125) }
    try set(flag, value, &call)
  }

  private func set(_ flag: Flag, _ value: String, _ call: inout Invocation) throws {
    do {
      call.values[flag.spells ?? flag.name, default: []].append(try flag.check?(value) ?? value)
    } catch {
      throw UsageError(message: "invalid argument \(Text.quoted(value)) for \"\(flag.title)\" flag: \(error)", status: 125)
    }
  }
}
