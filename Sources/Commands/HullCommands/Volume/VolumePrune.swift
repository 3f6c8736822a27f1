// SPDX-License-Identifier: Apache-2.0

/// `hull volume prune`
enum VolumePrune {
  static let command = Command(
    name: "prune", summary: "Remove unused local volumes", usage: "[OPTIONS]",
    flags: {
      [
        .bool("all,a", "Remove all unused volumes, not just anonymous ones"), .filter(nil, "Provide filter values (e.g. \"label=<label>\")"),
        .bool("force,f", "Do not prompt for confirmation"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let all = call.bool("all")
    let warning = "WARNING! This will remove \(all ? "all" : "anonymous") local volumes not used by at least one container."
    if !call.bool("force"), !call.confirms(warning + "\nAre you sure you want to continue?") { return 0 }
    let filters = call.list("filter") + (all ? ["all=true"] : [])
    let answer = try call.engine().json("POST", "/volumes/prune", query: Filters.query(filters))
    let deleted = answer["VolumesDeleted"].strings
    if !deleted.isEmpty { call.out.write("Deleted Volumes:\n" + deleted.joined(separator: "\n") + "\n\n") }
    call.out.line("Total reclaimed space: \(Units.size(answer["SpaceReclaimed"].double ?? 0))")
    return 0
  }
}
