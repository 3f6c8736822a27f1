// SPDX-License-Identifier: Apache-2.0

/// `hull container prune`
enum ContainerPrune {
  static let command = Command(
    name: "prune", summary: "Remove all stopped containers", usage: "[OPTIONS]",
    flags: { [.filter(nil, "Provide filter values (e.g. \"until=<timestamp>\")"), .bool("force,f", "Do not prompt for confirmation")] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    if !call.bool("force"), !call.confirms("WARNING! This will remove all stopped containers.\nAre you sure you want to continue?") { return 0 }
    let answer = try call.engine().json("POST", "/containers/prune", query: Filters.query(call.list("filter")))
    let deleted = answer["ContainersDeleted"].strings
    if !deleted.isEmpty { call.out.write("Deleted Containers:\n" + deleted.joined(separator: "\n") + "\n\n") }
    call.out.line("Total reclaimed space: \(Units.size(answer["SpaceReclaimed"].double ?? 0))")
    return 0
  }
}
