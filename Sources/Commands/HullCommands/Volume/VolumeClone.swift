// SPDX-License-Identifier: Apache-2.0

/// `hull volume clone`
enum VolumeClone {
  static let command = Command(
    name: "clone", summary: "Make a new volume with the content of another one",
    details: """
      The other one may be in use. Files share their blocks where the file system can do that. Labels and the size limit
      are taken over.
      """, usage: "VOLUME NEW_VOLUME", arguments: .exactly(2), completion: .volumes,
    run: { call in
      let made = try call.engine().json("POST", call.volume(call.arguments[0], "/clone"), body: ["Name": .string(call.arguments[1])])
      call.out.line(made["Name"].text)
      return 0
    })
}

extension Invocation {
  /// The path of a request of Hull's own about a volume.
  func volume(_ name: String, _ rest: String) -> String { "/hull/volumes/" + EngineClient.escaped(name) + rest }
}
