// SPDX-License-Identifier: Apache-2.0

/// `hull network prune`
enum NetworkPrune {
  static let command = Command(
    name: "prune", summary: "Remove all unused networks", usage: "[OPTIONS]",
    flags: { [.filter(nil, "Provide filter values (e.g. \"until=<timestamp>\")"), .bool("force,f", "Do not prompt for confirmation")] }, run: run)

  private static let warning = "WARNING! This will remove all custom networks not used by at least one container."

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    if !call.bool("force"), !call.confirms(warning + "\nAre you sure you want to continue?") { return 0 }
    let deleted = try call.engine().json("POST", "/networks/prune", query: Filters.query(call.list("filter")))["NetworksDeleted"].strings
    if !deleted.isEmpty { call.out.write("Deleted Networks:\n" + deleted.joined(separator: "\n") + "\n\n") }
    return 0
  }
}
