// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull build shell`: a container from what a failed command had made of its file system.
enum BuildShell {
  static let command = Command(
    name: "shell", summary: "Look around in the file system of a command that failed", details: "Without an ID: of the one that failed last.",
    usage: "[OPTIONS] [ID] [COMMAND] [ARG...]", aliases: ["build shell", "builder shell"], arguments: .any, interspersed: false,
    flags: { [.bool("keep", "Keep the container afterwards")] }, run: run)

  /// The repository of the images that hold such file systems; their tags are the IDs.
  private static let repository = "failed-build"

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let id = try call.arguments.first ?? latest(call)
    var words = ["--interactive"] + (call.bool("keep") ? [] : ["--rm"])
    if Terminal.isTerminal(0) { words.append("--tty") }
    words += ["\(repository):\(id)"] + call.arguments.dropFirst()
    let verb = ContainerRun.command
    let flags = verb.flags()
    guard let inner = try FlagParser(flags: flags, interspersed: false).parse(words, into: Invocation(path: "run", flags: flags, host: call.host)),
      let start = verb.run
    else { return 0 }
    return try start(inner)
  }

  private static func latest(_ call: Invocation) throws -> String {
    let filters = #"{"reference":["\#(repository)"]}"#
    let images = try call.engine().json("GET", "/images/json", query: [("filters", filters)]).array
    guard let last = images.max(by: { ($0["Created"].int ?? 0) < ($1["Created"].int ?? 0) }), let name = last["RepoTags"].strings.first else {
      throw HullError(.notFound, "no command of a build has failed that could be looked into")
    }
    return Text.cut(name, ":")?.1 ?? name
  }
}
