// SPDX-License-Identifier: Apache-2.0

/// `hull container inspect`
enum ContainerInspect {
  static let command = Command(
    name: "inspect", summary: "Display detailed information on one or more containers", usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    arguments: .atLeast(1), completion: .containers, flags: { [.format("f", table: false), .bool("size,s", "Display total file sizes")] },
    run: { call in
      let engine = try call.engine()
      return try InspectOutput(format: call.string("format")).show(call.arguments, on: call.out) { name in
        try engine.bytes("GET", call.container(name, "/json"), query: call.bool("size") ? [("size", "1")] : [])
      }
    })
}
