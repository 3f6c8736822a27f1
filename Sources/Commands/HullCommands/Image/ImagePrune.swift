// SPDX-License-Identifier: Apache-2.0

/// `hull image prune`
enum ImagePrune {
  static let command = Command(
    name: "prune", summary: "Remove unused images", usage: "[OPTIONS]",
    flags: {
      [
        .bool("all,a", "Remove all unused images, not just dangling ones"), .filter(nil, "Provide filter values (e.g. \"until=<timestamp>\")"),
        .bool("force,f", "Do not prompt for confirmation"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let all = call.bool("all")
    let warning = "WARNING! This will remove all \(all ? "images without at least one container associated to them" : "dangling images")."
    if !call.bool("force"), !call.confirms(warning + "\nAre you sure you want to continue?") { return 0 }
    let (lines, space) = try prune(call.engine(), all: all, filters: call.list("filter"))
    if !lines.isEmpty { call.out.write("Deleted Images:\n" + lines.joined(separator: "\n") + "\n\n") }
    call.out.line("Total reclaimed space: \(Units.size(space))")
    return 0
  }

  /// What was untagged and deleted, and how many bytes that gave back.
  static func prune(_ engine: EngineClient, all: Bool, filters: [String]) throws -> (lines: [String], space: Double) {
    let answer = try engine.json("POST", "/images/prune", query: Filters.query(filters + ["dangling=\(!all)"]))
    let lines = answer["ImagesDeleted"].array.map { $0["Untagged"].string.map { "untagged: \($0)" } ?? "deleted: \($0["Deleted"].text)" }
    return (lines, answer["SpaceReclaimed"].double ?? 0)
  }
}
