// SPDX-License-Identifier: Apache-2.0

/// `hull stop` and `hull restart`
enum ContainerStop {
  static let command = make("stop", "Stop one or more running containers", .runningContainers)

  static func make(_ name: String, _ summary: String, _ completion: Command.Completion) -> Command {
    Command(
      name: name, summary: summary, usage: "[OPTIONS] CONTAINER [CONTAINER...]", aliases: ["container \(name)", name], arguments: .atLeast(1),
      completion: completion,
      flags: {
        [
          .string("signal,s", "Signal to send to the container"), .int("timeout,t", "Seconds to wait before killing the container"),
          .int("time", "Seconds to wait before killing the container").concealed(),
        ]
      },
      run: { call in
        var query: EngineClient.Query = []
        if call.changed("signal") { query.append(("signal", call.string("signal"))) }
        for name in ["timeout", "time"] where call.changed(name) { query.append(("t", call.string(name))) }
        return try call.sendToEach("POST", "/\(name)", query: query)
      })
  }
}
