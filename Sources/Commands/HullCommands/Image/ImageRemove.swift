// SPDX-License-Identifier: Apache-2.0

/// `hull rmi`
enum ImageRemove {
  static let command = Command(
    name: "rmi", summary: "Remove one or more images", usage: "[OPTIONS] IMAGE [IMAGE...]", aliases: ["image rm", "image remove", "rmi"],
    arguments: .atLeast(1), completion: .images,
    flags: {
      [
        .bool("force,f", "Force removal of the image"), .bool("no-prune", "Do not delete untagged parents"),
        .list("platform", type: "strings", "Remove only the given platform variant (e.g., \"linux/amd64\")"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let force = call.bool("force")
    var query: EngineClient.Query = []
    if force { query.append(("force", "1")) }
    if call.bool("no-prune") { query.append(("noprune", "1")) }
    for platform in call.list("platform") { query.append(("platforms", ImageName.platform(platform).encoded())) }
    return call.forEach(call.arguments) { name in
      do {
        for record in try engine.json("DELETE", call.image(name), query: query).array {
          call.out.line(record["Deleted"].string.map { "Deleted: \($0)" } ?? "Untagged: \(record["Untagged"].text)")
        }
      } catch let failure as EngineFailure where force && failure.status == 404 {
        call.out.error(String(describing: failure))
      }
      return nil
    }
  }
}
