// SPDX-License-Identifier: Apache-2.0

/// `hull system df`
enum SystemDiskUsage {
  static let command = Command(
    name: "df", summary: "Show hull disk usage", usage: "[OPTIONS]",
    flags: { [.format(), .bool("verbose,v", "Show detailed information on space usage")] }, run: run)

  private static let summary = Listing(
    type: "*formatter.diskUsageContext",
    headings: ["Type": "TYPE", "TotalCount": "TOTAL", "Active": "ACTIVE", "Size": "SIZE", "Reclaimable": "RECLAIMABLE"],
    table: "{{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let usage = try call.engine().json("GET", "/system/df")
    if call.bool("verbose"), call.string("format").isEmpty {
      try verbose(usage, call)
    } else {
      call.out.write(try summary.text(rows(usage), format: call.string("format"), fitting: Terminal.columns))
    }
    return 0
  }

  private static func rows(_ usage: JSON) -> [Listing.Row] {
    let (images, containers, volumes, cache) = (usage["Images"].array, usage["Containers"].array, usage["Volumes"].array, usage["BuildCache"].array)
    func size(_ items: [JSON], _ path: (JSON) -> Double) -> Double { items.reduce(0) { $0 + max(0, path($1)) } }
    let used = images.filter { ($0["Containers"].int ?? 0) > 0 }
    let layers = usage["LayersSize"].double ?? 0
    // What an image shares stays as long as any image needs it.
    let kept = size(used) { ($0["Size"].double ?? 0) - max(0, $0["SharedSize"].double ?? 0) }
    let active = containers.filter { ["running", "paused", "restarting"].contains($0["State"].text) }
    let volumeSize: (JSON) -> Double = { $0["UsageData"]["Size"].double ?? 0 }
    let mounted = volumes.filter { ($0["UsageData"]["RefCount"].int ?? 0) > 0 }
    let cacheSize: (JSON) -> Double = { $0["Size"].double ?? 0 }
    let busy = cache.filter { $0["InUse"].bool == true }
    // What an image has too is counted there.
    let own = cache.filter { $0["Shared"].bool != true }
    return [
      row("Images", images.count, used.count, layers, max(0, layers - kept)),
      row(
        "Containers", containers.count, active.count, size(containers) { $0["SizeRw"].double ?? 0 },
        size(containers) { $0["SizeRw"].double ?? 0 } - size(active) { $0["SizeRw"].double ?? 0 }),
      row("Local Volumes", volumes.count, mounted.count, size(volumes, volumeSize), size(volumes, volumeSize) - size(mounted, volumeSize)),
      row(
        "Build Cache", cache.count, busy.count, size(own, cacheSize), size(own.filter { $0["InUse"].bool != true }, cacheSize), percent: false),
    ] + content(usage)
  }

  /// What Hull keeps beside the unpacked layers that docker's figures are about: the blobs as they came in, and downloads that are not whole.
  private static func content(_ usage: JSON) -> [Listing.Row] {
    guard let blobs = usage["ContentSize"].double else { return [] }
    let fields = ["Type": "Compressed Content", "TotalCount": "", "Active": "", "Reclaimable": ""].mapValues { JSON.string($0) }
    return [Listing.Row(fields: fields.merging(["Size": .string(Units.size(blobs + (usage["DownloadsSize"].double ?? 0)))]) { $1 })]
  }

  private static func row(_ type: String, _ total: Int, _ active: Int, _ size: Double, _ reclaimable: Double, percent: Bool = true) -> Listing.Row {
    let share = percent && size > 0 ? " (\(Int(reclaimable * 100 / size))%)" : ""
    return Listing.Row(fields: [
      "Type": .string(type), "TotalCount": .string(String(total)), "Active": .string(String(active)), "Size": .string(Units.size(size)),
      "Reclaimable": .string(Units.size(reclaimable) + share),
    ])
  }

  private static func verbose(_ usage: JSON, _ call: Invocation) throws {
    var images = ImageList.listing
    images.table += "\\t{{.SharedSize}}\\t{{.UniqueSize}}\\t{{.Containers}}"
    var containers = ContainerList.listing
    containers.table = "{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.LocalVolumes}}\\t{{.Size}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Names}}"
    let volumes = Listing(
      type: "*formatter.volumeContext", headings: ["Name": "VOLUME NAME", "Links": "LINKS", "Size": "SIZE"],
      table: "{{.Name}}\\t{{.Links}}\\t{{.Size}}")
    let volumeRows = usage["Volumes"].array.map { volume in
      Listing.Row(fields: [
        "Name": .string(volume["Name"].text), "Links": .string(String(volume["UsageData"]["RefCount"].int ?? 0)),
        "Size": .string(Units.size(max(0, volume["UsageData"]["Size"].double ?? 0))),
      ])
    }
    let width = Terminal.columns
    let imageRows = usage["Images"].array.flatMap { ImageList.rows($0, truncates: true, withDigests: false) }
    let containerRows = usage["Containers"].array.map { ContainerList.row($0, truncates: true) }
    call.out.write("Images space usage:\n\n" + (try images.text(imageRows, format: "", fitting: width)))
    call.out.write("\nContainers space usage:\n\n" + (try containers.text(containerRows, format: "", fitting: width)))
    call.out.write("\nLocal Volumes space usage:\n\n" + (try volumes.text(volumeRows, format: "", fitting: width)))
    call.out.write("\nBuild cache usage: \(BuildCacheUsage.total(usage))\n\n" + (try BuildCacheUsage.table(usage, call)))
  }
}
