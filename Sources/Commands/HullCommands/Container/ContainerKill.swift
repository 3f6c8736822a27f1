// SPDX-License-Identifier: Apache-2.0

/// `hull kill`
enum ContainerKill {
  static let command = Command(
    name: "kill", summary: "Kill one or more running containers", usage: "[OPTIONS] CONTAINER [CONTAINER...]", aliases: ["container kill", "kill"],
    arguments: .atLeast(1), completion: .runningContainers, flags: { [.string("signal,s", "Signal to send to the container")] },
    run: { call in
      try call.sendToEach("POST", "/kill", query: call.changed("signal") ? [("signal", call.string("signal"))] : [])
    })
}
