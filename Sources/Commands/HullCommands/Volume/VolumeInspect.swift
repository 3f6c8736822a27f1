// SPDX-License-Identifier: Apache-2.0

/// `hull volume inspect`
enum VolumeInspect {
  static let command = Command(
    name: "inspect", summary: "Display detailed information on one or more volumes", usage: "[OPTIONS] VOLUME [VOLUME...]", arguments: .atLeast(1),
    completion: .volumes, flags: { [.format("f", table: false)] },
    run: { call in
      let engine = try call.engine()
      return try InspectOutput(format: call.string("format")).show(call.arguments, on: call.out) { name in
        try engine.bytes("GET", "/volumes/\(EngineClient.escaped(name))")
      }
    })
}
