// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Seccomp

/// The runc command line over Hull's launcher.
package enum Program {
  static let name = "hull-runtime"
  package static let version = "0.1.0"

  /// Runs one command line (without the program's name); the result is the exit code.
  package static func main(_ words: [String]) -> Int32 {
    var options = GlobalOptions()
    do throws(HullError) {
      let global = try Arguments(words, flags: GlobalOptions.flags, untilPositional: true)
      if global.has("version") { return print(versionText) }
      options = try GlobalOptions(global)
      guard let verb = global.positional.first, verb != "help", verb != "h", !global.has("help") else {
        return print(help(about: global.positional.dropFirst().first))
      }
      guard let command = Command.all.first(where: { $0.name == verb }) else {
        throw HullError(.invalidArgument, "No help topic for '\(verb)'; see \(name) --help")
      }
      options.log.debug("\(name) \(version): \(words.joined(separator: " "))")
      return try run(command, Array(global.positional.dropFirst()), options: options)
    } catch {
      options.log.fatal(error.description)
      return error.code == .execFailed ? 255 : 1
    }
  }

  private static func run(_ command: Command, _ words: [String], options: GlobalOptions) throws(HullError) -> Int32 {
    let help = Flag.toggle("help", "h", help: "show help")
    let arguments = try Arguments(words, flags: command.flags + [help], untilPositional: command.untilPositional)
    if arguments.has("help") { return print(command.help) }
    let count = arguments.positional.count
    guard command.arguments.contains(count) else {
      let (least, most) = (command.arguments.lowerBound, command.arguments.upperBound)
      let kind = least == most ? "exactly \(least)" : count < least ? "a minimum of \(least)" : "a maximum of \(most)"
      throw HullError(.invalidArgument, "\(name): \"\(command.name)\" requires \(kind) argument(s)")
    }
    return try command.run(Invocation(options: options, arguments: arguments))
  }

  static func print(_ text: String) -> Int32 {
    StateFiles.print(Array(text.utf8))
    return 0
  }

  private static var versionText: String {
    "\(name) version \(version)\ncommit: unknown\nspec: \(RuntimeSpec.version)\nlibseccomp: \(Seccomp.libraryVersion)\n"
  }

  private static func help(about verb: String?) -> String {
    if let command = Command.all.first(where: { $0.name == verb }) { return command.help }
    return """
      NAME:
         \(name) - Open Container Initiative runtime

      A bundle is a directory with a specification file named "config.json" and a root file system. To start a new container:

          # \(name) run [ -b bundle ] <container-id>

      USAGE:
         \(name) [global options] command [command options] [arguments...]

      VERSION:
         \(version)

      COMMANDS:
      \(Command.columns(Command.all.map { ($0.name, $0.summary) }))
      GLOBAL OPTIONS:
      \(Command.table(GlobalOptions.flags))
      """
  }
}

extension HullError.Code {
  /// `exec` failed before its process ran: exit code 255, as runc's.
  static let execFailed = HullError.Code(rawValue: "exec failed")
}
