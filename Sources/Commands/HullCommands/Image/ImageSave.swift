// SPDX-License-Identifier: Apache-2.0

/// `hull save`
enum ImageSave {
  static let command = Command(
    name: "save", summary: "Save one or more images to a tar archive (streamed to STDOUT by default)", usage: "[OPTIONS] IMAGE [IMAGE...]",
    aliases: ["image save", "save"], arguments: .atLeast(1), completion: .images,
    flags: { [.string("output,o", "Write to a file, instead of STDOUT"), .string("platform", "Save only the given platform variant")] },
    run: { call in
      let target = try ArchiveOutput(call.string("output"), failing: "failed to save image")
      let query: EngineClient.Query = call.arguments.map { ("names", $0) } + call.platformQuery
      try target.write(call.engine().send("GET", "/images/get", query: query))
      return 0
    })
}
