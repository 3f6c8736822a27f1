// SPDX-License-Identifier: Apache-2.0

/// `hull volume rm`
enum VolumeRemove {
  static let command = Command(
    name: "rm", otherNames: ["remove"], summary: "Remove one or more volumes",
    details: "Remove one or more volumes. You cannot remove a volume that is in use by a container.", usage: "[OPTIONS] VOLUME [VOLUME...]",
    aliases: ["volume rm", "volume remove"], arguments: .atLeast(1), completion: .volumes,
    flags: { [.bool("force,f", "Force the removal of one or more volumes")] },
    run: { call in
      let engine = try call.engine()
      let query: EngineClient.Query = call.bool("force") ? [("force", "1")] : []
      return call.forEach(call.arguments) { name in
        _ = try engine.bytes("DELETE", "/volumes/\(EngineClient.escaped(name))", query: query)
        return name
      }
    })
}
