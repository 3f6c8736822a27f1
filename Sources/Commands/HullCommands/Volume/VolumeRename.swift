// SPDX-License-Identifier: Apache-2.0

/// `hull volume rename`
enum VolumeRename {
  static let command = Command(
    name: "rename", summary: "Rename a volume", details: "No container may have the volume. Its snapshots follow.", usage: "VOLUME NEW_NAME",
    arguments: .exactly(2), completion: .volumes,
    run: { call in
      _ = try call.engine().bytes("POST", call.volume(call.arguments[0], "/rename"), body: ["Name": .string(call.arguments[1])])
      return 0
    })
}
