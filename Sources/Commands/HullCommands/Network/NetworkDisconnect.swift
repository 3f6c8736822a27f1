// SPDX-License-Identifier: Apache-2.0

/// `hull network disconnect`
enum NetworkDisconnect {
  static let command = Command(
    name: "disconnect", summary: "Disconnect a container from a network", usage: "[OPTIONS] NETWORK CONTAINER", arguments: .exactly(2),
    completion: .networkThenContainers, flags: { [.bool("force,f", "Force the container to disconnect from a network")] },
    run: { call in
      let body: JSON = ["Container": .string(call.arguments[1]), "Force": .bool(call.bool("force"))]
      _ = try call.engine().bytes("POST", call.network(call.arguments[0], "/disconnect"), body: body)
      return 0
    })
}
