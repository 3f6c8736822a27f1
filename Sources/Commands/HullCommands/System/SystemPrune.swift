// SPDX-License-Identifier: Apache-2.0

/// `hull system prune`
enum SystemPrune {
  static let command = Command(
    name: "prune", summary: "Remove unused data", usage: "[OPTIONS]",
    flags: {
      [
        .bool("all,a", "Remove all unused images not just dangling ones"), .filter(nil, "Provide filter values (e.g. \"label=<key>=<value>\")"),
        .bool("force,f", "Do not prompt for confirmation"), .bool("volumes", "Prune anonymous volumes"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let (all, volumes) = (call.bool("all"), call.bool("volumes"))
    var question = "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
    if volumes { question += "  - all anonymous volumes not used by at least one container\n" }
    question += all ? "  - all images without at least one container associated to them\n" : "  - all dangling images\n"
    if !call.bool("force"), !call.confirms(question + "\nAre you sure you want to continue?") { return 0 }
    let engine = try call.engine()
    let filters = call.list("filter")
    var total = 0.0
    func prune(_ title: String, _ path: String, _ member: String) throws {
      let answer = try engine.json("POST", path, query: Filters.query(filters))
      total += answer["SpaceReclaimed"].double ?? 0
      show(title, answer[member].strings, call)
    }
    try prune("Deleted Containers", "/containers/prune", "ContainersDeleted")
    // An engine that has no networks to prune yet says so with 404 or 501.
    do { try prune("Deleted Networks", "/networks/prune", "NetworksDeleted") } catch let failure as EngineFailure
      where [404, 501].contains(failure.status)
    {}
    if volumes { try prune("Deleted Volumes", "/volumes/prune", "VolumesDeleted") }
    let (lines, space) = try ImagePrune.prune(engine, all: all, filters: filters)
    show("Deleted Images", lines, call)
    call.out.line("Total reclaimed space: \(Units.size(total + space))")
    return 0
  }

  private static func show(_ title: String, _ lines: [String], _ call: Invocation) {
    if !lines.isEmpty { call.out.write("\(title):\n" + lines.joined(separator: "\n") + "\n\n") }
  }
}
