// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull volume create`
enum VolumeCreate {
  static let command = Command(
    name: "create", summary: "Create a volume", usage: "[OPTIONS] [VOLUME]", arguments: .between(0, 1),
    flags: {
      [
        .string("driver,d", "Specify volume driver name", initial: "local"), .list("label", "Set metadata for a volume"),
        Flag.string("name", "Specify volume name").concealed(),
        .list("opt,o", type: "map", "Set driver specific options: type, o and device as for mount(8), or size, a limit (10m, 2g)"),
        .string("size", "How much the volume may hold (10m, 2g)"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let flagged = call.string("name")
    guard flagged.isEmpty || call.arguments.isEmpty else {
      throw HullError(.invalidArgument, "conflicting options: cannot specify a volume name through both --name and as a positional arg")
    }
    var body: JSONObject = ["Driver": .string(call.string("driver"))]
    body["Name"] = .string(call.arguments.first ?? flagged)
    if call.changed("label") { body["Labels"] = map(call.list("label")) }
    let options = call.list("opt") + (call.changed("size") ? ["size=\(call.string("size"))"] : [])
    if !options.isEmpty { body["DriverOpts"] = map(options) }
    call.out.line(try call.engine().json("POST", "/volumes/create", body: .object(body))["Name"].text)
    return 0
  }

  /// `key=value` words; a key alone has the empty value.
  static func map(_ words: [String]) -> JSON {
    var object = JSONObject()
    for word in words {
      let (key, value) = Text.cut(word, "=") ?? (word, "")
      object[key] = .string(value)
    }
    return .object(object)
  }
}
