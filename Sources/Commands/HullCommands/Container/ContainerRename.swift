// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull rename`
enum ContainerRename {
  static let command = Command(
    name: "rename", summary: "Rename a container", usage: "CONTAINER NEW_NAME", aliases: ["container rename", "rename"], arguments: .exactly(2),
    completion: .containers,
    run: { call in
      guard call.arguments.allSatisfy({ !Text.trimmed($0).isEmpty }) else {
        throw HullError(.invalidArgument, "Error: Neither old nor new names may be empty")
      }
      _ = try call.engine().bytes("POST", call.container(call.arguments[0], "/rename"), query: [("name", call.arguments[1])])
      return 0
    })
}
