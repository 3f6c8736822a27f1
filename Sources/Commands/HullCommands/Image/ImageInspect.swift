// SPDX-License-Identifier: Apache-2.0

/// `hull image inspect`
enum ImageInspect {
  static let command = Command(
    name: "inspect", summary: "Display detailed information on one or more images", usage: "[OPTIONS] IMAGE [IMAGE...]", arguments: .atLeast(1),
    completion: .images,
    flags: { [.format("f", table: false), .string("platform", "Inspect a specific platform of the multi-platform image")] },
    run: { call in
      let engine = try call.engine()
      return try InspectOutput(format: call.string("format")).show(call.arguments, on: call.out) { name in
        try engine.bytes("GET", call.image(name, "/json"), query: call.platformQuery)
      }
    })
}
