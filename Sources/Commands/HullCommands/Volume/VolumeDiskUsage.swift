// SPDX-License-Identifier: Apache-2.0

/// `hull volume du`
enum VolumeDiskUsage {
  static let command = Command(
    name: "du", summary: "Show what volumes take of the disk", usage: "[OPTIONS] [VOLUME...]", arguments: .any, completion: .volumes,
    flags: { [.format()] }, run: run)

  private static let listing = Listing(
    type: "*hull.volumeSpace",
    headings: [
      "Name": "VOLUME NAME", "Size": "SIZE", "Inodes": "INODES", "Limit": "LIMIT", "LimitedBy": "LIMITED BY", "UsedBy": "USED BY", "Bytes": "BYTES",
    ], table: "{{.Name}}\\t{{.Size}}\\t{{.Inodes}}\\t{{.Limit}}\\t{{.UsedBy}}")

  /// Of those that are named, or of all.
  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let engine = try call.engine()
    let all = call.arguments.isEmpty ? try engine.json("GET", "/volumes")["Volumes"].array.map { $0["Name"].text }.sorted() : call.arguments
    var (rows, status): ([Listing.Row], Int32) = ([], 0)
    for name in all {
      do { rows.append(row(try engine.json("GET", call.volume(name, "/usage")))) } catch let failure as EngineFailure
        where call.arguments.isEmpty && failure.status == 404
      {
        // It went since it was listed.
      } catch let failure as EngineFailure {
        call.out.error(String(describing: failure))
        status = 1
      }
    }
    call.out.write(try listing.text(rows, format: call.string("format"), fitting: Terminal.columns))
    return status
  }

  private static func row(_ space: JSON) -> Listing.Row {
    let users = space["UsedBy"].strings.joined(separator: ", ")
    let limit = space["Limit"].double ?? 0
    return Listing.Row(fields: [
      "Name": space["Name"], "Size": .string(Units.size(space["Size"].double ?? 0)), "Inodes": .string(String(space["Inodes"].int ?? 0)),
      "Limit": .string(limit > 0 ? Units.size(limit) : "-"), "LimitedBy": space["LimitedBy"], "UsedBy": .string(users.isEmpty ? "-" : users),
      "Bytes": .string(String(space["Size"].int ?? 0)),
    ])
  }
}
