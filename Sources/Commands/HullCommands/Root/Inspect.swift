// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull inspect`: any object, by name or ID.
enum Inspect {
  static let command = Command(
    name: "inspect", summary: "Return low-level information on Hull objects", usage: "[OPTIONS] NAME|ID [NAME|ID...]", arguments: .atLeast(1),
    completion: .objects,
    flags: {
      [
        .format("f", table: false), .bool("size,s", "Display total file sizes if the type is container"),
        .string("type", "Only inspect objects of the given type"),
      ]
    }, run: run)

  /// In docker's order: the first kind that knows the name wins.
  private static let kinds = ["container", "image", "network", "volume"]

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let type = call.string("type")
    guard type.isEmpty || kinds.contains(type) else {
      throw HullError(.invalidArgument, "unknown type: \(Text.quoted(type)): must be one of \(kinds.map { Text.quoted($0) }.joined(separator: ", "))")
    }
    let engine = try call.engine()
    return try InspectOutput(format: call.string("format")).show(call.arguments, on: call.out) { name in
      try find(name, type, call, engine)
    }
  }

  private static func find(_ name: String, _ type: String, _ call: Invocation, _ engine: EngineClient) throws -> [UInt8] {
    for kind in kinds where type.isEmpty || type == kind {
      do {
        switch kind {
        case "container": return try engine.bytes("GET", call.container(name, "/json"), query: call.bool("size") ? [("size", "1")] : [])
        case "image": return try engine.bytes("GET", "/images/\(EngineClient.escapedPath(name))/json")
        default: return try engine.bytes("GET", "/\(kind)s/\(EngineClient.escaped(name))")
        }
      } catch let failure as EngineFailure where type.isEmpty && [400, 404, 500, 501].contains(failure.status) {
        continue
      }
    }
    throw ExitStatus(1, "Error: No such object: \(name)")
  }
}
