// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull volume snapshot`: what a volume held at an instant.
enum VolumeSnapshot {
  static let command = Command(
    name: "snapshot", summary: "Manage snapshots of volumes",
    subcommands: { [SnapshotCreate.command, SnapshotList.command, SnapshotRestore.command, VolumeRemove.command] })
}

/// `hull volume snapshot create`
enum SnapshotCreate {
  static let command = Command(
    name: "create", summary: "Take a snapshot of a volume",
    details: """
      The volume may be in use. The snapshot is a volume of its own that containers see read-only; without a name it is
      called VOLUME-snapshot-TIME.
      """, usage: "VOLUME [SNAPSHOT]", arguments: .between(1, 2), completion: .volumes,
    run: { call in
      var body: JSONObject = ["Snapshot": true]
      if call.arguments.count > 1 { body["Name"] = .string(call.arguments[1]) }
      call.out.line(try call.engine().json("POST", call.volume(call.arguments[0], "/clone"), body: .object(body))["Name"].text)
      return 0
    })
}

/// `hull volume snapshot ls`
enum SnapshotList {
  static let label = "hull.snapshot.of"

  static let command = Command(
    name: "ls", otherNames: ["list"], summary: "List snapshots", usage: "[OPTIONS] [VOLUME]", arguments: .between(0, 1), completion: .volumes,
    flags: { [.format(), .bool("quiet,q", "Only display names")] }, run: run)

  private static let listing = Listing(
    type: "*hull.snapshot", headings: ["Name": "SNAPSHOT", "Volume": "VOLUME", "CreatedAt": "CREATED", "Labels": "LABELS"],
    table: "{{.Name}}\\t{{.Volume}}\\t{{.CreatedAt}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let wanted = call.arguments.first.map { "\(label)=\($0)" } ?? label
    let snapshots = try call.engine().json("GET", "/volumes", query: Filters.query(["label=\(wanted)"]))["Volumes"].array
    let rows = snapshots.map(row).sorted { key($0) < key($1) }
    if call.bool("quiet") {
      for row in rows { call.out.line(row.fields["Name"]?.text ?? "") }
      return 0
    }
    call.out.write(try listing.text(rows, format: call.string("format"), fitting: Terminal.columns))
    return 0
  }

  private static func row(_ volume: JSON) -> Listing.Row {
    var row = VolumeList.row(volume)
    row.fields = row.fields.filter { ["Name", "Labels"].contains($0.key) }
    row.fields["Volume"] = volume["Labels"][label]
    row.fields["CreatedAt"] = volume["CreatedAt"]
    return row
  }

  /// By volume, the oldest first.
  private static func key(_ row: Listing.Row) -> String { ["Volume", "CreatedAt", "Name"].map { row.fields[$0]?.text ?? "" }.joined(separator: " ") }
}

/// `hull volume snapshot restore`
enum SnapshotRestore {
  static let command = Command(
    name: "restore", summary: "Give a volume the content of a snapshot",
    details: """
      What the volume holds now goes. No running container may have the volume. Without VOLUME it is the one that the
      snapshot was taken of.
      """, usage: "[OPTIONS] SNAPSHOT [VOLUME]", arguments: .between(1, 2), completion: .volumes,
    flags: { [.bool("force,f", "Do not prompt for confirmation")] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let (engine, snapshot) = (try call.engine(), call.arguments[0])
    let taken = try engine.json("GET", "/volumes/\(EngineClient.escaped(snapshot))")["Labels"][SnapshotList.label].text
    let volume = call.arguments.count > 1 ? call.arguments[1] : taken
    guard !volume.isEmpty else { throw HullError(.invalidArgument, "volume \(snapshot) is no snapshot: name the volume that is to get its content") }
    let warning = "WARNING! This will replace the content of volume \(volume)."
    if !call.bool("force"), Terminal.isTerminal(0), !call.confirms(warning + "\nAre you sure you want to continue?") { return 0 }
    _ = try engine.bytes("POST", call.volume(volume, "/restore"), body: ["Snapshot": .string(snapshot)])
    call.out.line(volume)
    return 0
  }
}
