// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull start`
enum ContainerStart {
  static let command = Command(
    name: "start", summary: "Start one or more stopped containers", usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    aliases: ["container start", "start"], arguments: .atLeast(1), completion: .stoppedContainers,
    flags: {
      [
        .bool("attach,a", "Attach STDOUT/STDERR and forward signals"), .detachKeys,
        .bool("interactive,i", "Attach container's STDIN"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    if call.bool("attach") || call.bool("interactive") {
      guard call.arguments.count == 1 else { throw HullError(.invalidArgument, "you cannot start and attach multiple containers at once") }
      return try attached(call, engine)
    }
    var failed: [String] = []
    for name in call.arguments {
      do {
        _ = try engine.bytes("POST", "/containers/\(EngineClient.escaped(name))/start")
        call.out.line(name)
      } catch {
        call.out.error(String(describing: error))
        failed.append(name)
      }
    }
    if failed.isEmpty { return 0 }
    throw ExitStatus(1, "Error: failed to start containers: \(failed.joined(separator: ", "))")
  }

  private static func attached(_ call: Invocation, _ engine: EngineClient) throws -> Int32 {
    let info = try engine.json("GET", "/containers/\(EngineClient.escaped(call.arguments[0]))/json")
    let tty = info["Config"]["Tty"].bool == true
    let options = Session.Options(
      tty: tty, stdin: call.bool("interactive") && info["Config"]["OpenStdin"].bool == true,
      detachKeys: try DetachKeys.parse(call.string("detach-keys")))
    let container = AttachedContainer(engine: engine, id: info["Id"].text)
    let signals = AttachedContainer.signals(tty: tty, proxied: !tty)
    let hijack = try container.attach(options, detachKeys: call.string("detach-keys"))
    let wait = try container.beginWait(info["HostConfig"]["AutoRemove"].bool == true ? .removed : .nextExit)
    let streams = try hijack.finish()
    _ = try engine.bytes("POST", "/containers/\(container.id)/start")
    if try container.run(streams, options, signals: signals, proxiesSignals: !tty) == .detached { return 0 }
    return try AttachedContainer.status(of: wait)
  }
}
