// SPDX-License-Identifier: Apache-2.0

/// `hull network rm`
enum NetworkRemove {
  static let command = Command(
    name: "rm", otherNames: ["remove"], summary: "Remove one or more networks", usage: "NETWORK [NETWORK...]",
    aliases: ["network rm", "network remove"], arguments: .atLeast(1), completion: .networks,
    flags: { [.bool("force,f", "Do not error if the network does not exist")] },
    run: { call in
      let engine = try call.engine()
      return call.forEach(call.arguments) { name in
        do {
          _ = try engine.bytes("DELETE", call.network(name))
          return name
        } catch let failure as EngineFailure where call.bool("force") && failure.status == 404 {
          return nil
        }
      }
    })
}
