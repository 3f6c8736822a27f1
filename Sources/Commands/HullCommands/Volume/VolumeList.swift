// SPDX-License-Identifier: Apache-2.0

/// `hull volume ls`
enum VolumeList {
  static let command = Command(
    name: "ls", otherNames: ["list"], summary: "List volumes", usage: "[OPTIONS]", aliases: ["volume ls", "volume list"],
    flags: { [.filter("f", "Provide filter values (e.g. \"dangling=true\")"), .format(), .bool("quiet,q", "Only display volume names")] }, run: run)

  static let listing = Listing(
    type: "*formatter.volumeContext",
    headings: [
      "Name": "VOLUME NAME", "Driver": "DRIVER", "Scope": "SCOPE", "Mountpoint": "MOUNTPOINT", "Labels": "LABELS", "Links": "LINKS", "Size": "SIZE",
      "Availability": "AVAILABILITY", "Group": "GROUP", "Status": "STATUS",
    ], table: "{{.Driver}}\\t{{.Name}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let volumes = try call.engine().json("GET", "/volumes", query: Filters.query(call.list("filter")))["Volumes"].array
    let rows = volumes.map(row).sorted { ($0.fields["Name"]?.text ?? "") < ($1.fields["Name"]?.text ?? "") }
    if call.bool("quiet") {
      for row in rows { call.out.line(row.fields["Name"]?.text ?? "") }
      return 0
    }
    call.out.write(try listing.text(rows, format: call.string("format"), fitting: Terminal.columns))
    return 0
  }

  static func row(_ volume: JSON) -> Listing.Row {
    let usage = volume["UsageData"]
    let labels = volume["Labels"].object.sorted.map { "\($0.key)=\($0.value.text)" }.joined(separator: ",")
    return Listing.Row(
      fields: [
        "Name": volume["Name"], "Driver": volume["Driver"], "Scope": volume["Scope"], "Mountpoint": volume["Mountpoint"], "Labels": .string(labels),
        "Links": .string(usage.isNull ? "N/A" : String(usage["RefCount"].int ?? 0)),
        "Size": .string(usage.isNull ? "N/A" : Units.size(max(0, usage["Size"].double ?? 0))), "Availability": "N/A", "Group": "N/A", "Status": "N/A",
      ], labels: volume["Labels"])
  }
}
