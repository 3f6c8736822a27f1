// SPDX-License-Identifier: Apache-2.0

/// `hull network inspect`
enum NetworkInspect {
  static let command = Command(
    name: "inspect", summary: "Display detailed information on one or more networks", usage: "[OPTIONS] NETWORK [NETWORK...]",
    arguments: .atLeast(1), completion: .networks,
    flags: { [.format("f", table: false), .bool("verbose,v", "Verbose output for diagnostics")] },
    run: { call in
      let engine = try call.engine()
      return try InspectOutput(format: call.string("format")).show(call.arguments, on: call.out) { name in
        try engine.bytes("GET", call.network(name), query: call.bool("verbose") ? [("verbose", "true")] : [])
      }
    })
}
