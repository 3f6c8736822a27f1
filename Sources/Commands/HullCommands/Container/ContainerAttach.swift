// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull attach`
enum ContainerAttach {
  static let command = Command(
    name: "attach", summary: "Attach local standard input, output, and error streams to a running container", usage: "[OPTIONS] CONTAINER",
    aliases: ["container attach", "attach"], arguments: .exactly(1), completion: .runningContainers,
    flags: {
      [
        .detachKeys, .bool("no-stdin", "Do not attach STDIN"),
        .bool("sig-proxy", "Proxy all received signals to the process", initial: true),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let info = try engine.json("GET", "/containers/\(EngineClient.escaped(call.arguments[0]))/json")
    let (state, config) = (info["State"], info["Config"])
    if state["Running"].bool != true { throw HullError(.conflict, "cannot attach to a stopped container, start it first") }
    if state["Paused"].bool == true { throw HullError(.conflict, "cannot attach to a paused container, unpause it first") }
    if state["Restarting"].bool == true { throw HullError(.conflict, "cannot attach to a restarting container, wait until it is running") }
    let tty = config["Tty"].bool == true
    let options = Session.Options(
      tty: tty, stdin: !call.bool("no-stdin") && config["OpenStdin"].bool == true, detachKeys: try DetachKeys.parse(call.string("detach-keys")))
    try AttachedContainer.checkTerminal(tty: tty, stdin: options.stdin)
    let container = AttachedContainer(engine: engine, id: info["Id"].text)
    let proxied = call.bool("sig-proxy") && !tty
    let signals = AttachedContainer.signals(tty: tty, proxied: proxied)
    let wait = try container.beginWait(.notRunning)
    let streams = try container.attach(options, detachKeys: call.string("detach-keys")).finish()
    if try container.run(streams, options, signals: signals, proxiesSignals: proxied) == .detached {
      call.out.error("read escape sequence")
      return 1
    }
    return try AttachedContainer.status(of: wait)
  }
}
