// SPDX-License-Identifier: Apache-2.0
import Errors

/// One verb of the command line.
struct Command: Sendable {
  let name: String
  let summary: String
  /// What follows the options, for the help.
  let usage: String
  var flags: [Flag] = []
  /// How many arguments besides the options.
  var arguments: ClosedRange<Int> = 1...1
  /// Options end at the first argument: what follows belongs to somebody else.
  var untilPositional = false
  let run: @Sendable (Invocation) throws(HullError) -> Int32

  static let all: [Command] = [
    checkpoint, create, delete, events, exec, kill, list, pause, ps, restore, resume, run, spec, start, state, update, features,
  ]

  var help: String {
    var text = "NAME:\n   \(Program.name) \(name) - \(summary)\n\nUSAGE:\n   \(Program.name) \(name)"
    text += (flags.isEmpty ? "" : " [command options]") + (usage.isEmpty ? "" : " \(usage)") + "\n"
    if !flags.isEmpty { text += "\nOPTIONS:\n" + Self.table(flags) }
    return text
  }

  static func table(_ flags: [Flag]) -> String {
    let rows = flags.map { flag in
      (flag.names.map { ($0.count > 1 ? "--" : "-") + $0 + (flag.takesValue ? " value" : "") }.joined(separator: ", "), flag.help)
    }
    return columns(rows)
  }

  static func columns(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { "   \($0.0)\(String(repeating: " ", count: width - $0.0.count + 2))\($0.1)\n" }.joined()
  }
}

/// A command with its options and what stands before it on the line.
struct Invocation: Sendable {
  let options: GlobalOptions
  let arguments: Arguments
  var log: Log { options.log }
  var store: Store { Store(root: options.root) }
  var positional: [String] { arguments.positional }

  /// The container that the command is about.
  func container() throws(HullError) -> Container {
    guard let id = positional.first, !id.isEmpty else { throw HullError(.invalidArgument, "container id cannot be empty") }
    return try store.container(id)
  }
}

/// What stands before the command.
struct GlobalOptions: Sendable {
  var root = "/run/hull-runtime"
  var rootIsGiven = false
  var systemdCgroup = false
  var log = Log()

  static let flags: [Flag] = [
    .toggle("debug", help: "enable debug logging"),
    .value("log", help: "set the log file to write logs to (default is '/dev/stderr')"),
    .value("log-format", help: "set the log format ('text' (default), or 'json')"),
    .value("root", help: "root directory for storage of container state, best in tmpfs (default: \"/run/hull-runtime\")"),
    .value("criu", help: "accepted and ignored: there is no checkpoint and restore"),
    .toggle("systemd-cgroup", help: "accepted: cgroupsPath of the form slice:prefix:name becomes the path that systemd would use"),
    .value("rootless", help: "accepted and ignored"),
    .toggle("help", "h", help: "show help"),
    .toggle("version", "v", help: "print the version"),
  ]

  init() {}

  init(_ arguments: Arguments) throws(HullError) {
    if let root = arguments.value("root") {
      self.root = root
      rootIsGiven = true
    }
    root = try StateFiles.absolute(root)
    systemdCgroup = arguments.has("systemd-cgroup")
    log.isVerbose = arguments.has("debug")
    switch arguments.value("log-format") {
    case nil, "text": break
    case "json": log.isJSON = true
    case .some(let other): throw HullError(.invalidArgument, "invalid log-format: \(other)")
    }
    if let path = arguments.value("log") { try log.open(path) }
  }
}
