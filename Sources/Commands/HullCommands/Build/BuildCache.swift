// SPDX-License-Identifier: Apache-2.0
import Errors

/// `hull builder df`: the build cache.
enum BuildCacheUsage {
  static let command = Command(
    name: "df", otherNames: ["du"], summary: "Show what the build cache takes of the disk", usage: "[OPTIONS]", flags: { [.format(), .noTrunc] },
    run: run)

  private static let listing = Listing(
    type: "*formatter.buildCacheContext",
    headings: [
      "ID": "CACHE ID", "Type": "CACHE TYPE", "Size": "SIZE", "CreatedSince": "CREATED", "LastUsedSince": "LAST USED", "UsageCount": "USAGE",
      "InUse": "IN USE", "Shared": "SHARED", "Description": "DESCRIPTION",
    ], table: "{{.ID}}\\t{{.Type}}\\t{{.Size}}\\t{{.UsageCount}}\\t{{.InUse}}\\t{{.Shared}}\\t{{.Description}}")

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let usage = try call.engine().json("GET", "/system/df", query: [("type", "build-cache")])
    call.out.write(try table(usage, call))
    if call.string("format").isEmpty { call.out.line("Total: \(total(usage))") }
    return 0
  }

  /// The records of what `GET /system/df` gives, in columns or as `--format` says.
  static func table(_ usage: JSON, _ call: Invocation) throws -> String {
    try listing.text(usage["BuildCache"].array.map { row($0, call) }, format: call.string("format"), fitting: call.fitting)
  }

  /// What the cache takes for itself: what images have too is not its own.
  static func total(_ usage: JSON) -> String {
    Units.size(usage["BuildCache"].array.reduce(0) { $0 + ($1["Shared"].bool == true ? 0 : $1["Size"].double ?? 0) })
  }

  private static func row(_ record: JSON, _ call: Invocation) -> Listing.Row {
    let id = record["ID"].text
    return Listing.Row(fields: [
      "ID": .string(call.bool("no-trunc") ? id : Text.shortID(id)), "Type": record["Type"], "Size": .string(Units.size(record["Size"].double ?? 0)),
      "CreatedSince": record["CreatedAt"], "LastUsedSince": record["LastUsedAt"], "UsageCount": record["UsageCount"],
      "InUse": .string(record["InUse"].bool == true ? "true" : "false"), "Shared": .string(record["Shared"].bool == true ? "true" : "false"),
      "Description": record["Description"],
    ])
  }
}

/// `hull builder prune`
enum BuildCachePrune {
  static let command = Command(
    name: "prune", summary: "Remove build cache", usage: "[OPTIONS]",
    flags: {
      [
        .bool("all,a", "Remove all unused build cache, not just dangling ones"), .filter(nil, "Provide filter values (e.g., \"until=24h\")"),
        .bool("force,f", "Do not prompt for confirmation"), .bytes("keep-storage", "Amount of disk space to keep for cache"),
        .bytes("reserved-space", "Amount of disk space always allowed to keep for cache"),
        .bytes("max-used-space", "Maximum amount of disk space allowed to keep for cache"),
        .bytes("min-free-space", "Target amount of free disk space after pruning"),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let question = "WARNING! This will remove all \(call.bool("all") ? "" : "dangling ")build cache. Are you sure you want to continue?"
    guard call.bool("force") || call.confirms(question) else { return 1 }
    var query: EngineClient.Query = []
    if call.bool("all") { query.append(("all", "1")) }
    for flag in ["reserved-space", "max-used-space", "min-free-space"] where call.changed(flag) { query.append((flag, call.string(flag))) }
    if call.changed("keep-storage"), !call.changed("reserved-space") { query.append(("reserved-space", call.string("keep-storage"))) }
    var filters = JSONObject()
    for filter in call.list("filter") {
      // A word alone asks whether it is so.
      let (key, values) = Text.cut(filter, "=").map { ($0.0, [$0.1]) } ?? (filter, [])
      filters[key] = .strings((filters[key]?.strings ?? []) + values)
    }
    if !filters.isEmpty { query.append(("filters", JSON.object(filters).encoded())) }
    let report = try call.engine().json("POST", "/build/prune", query: query)
    let deleted = report["CachesDeleted"].strings
    if !deleted.isEmpty { call.out.line("Deleted build cache objects:\n\(deleted.joined(separator: "\n"))\n") }
    call.out.line("Total reclaimed space: \(Units.size(report["SpaceReclaimed"].double ?? 0))")
    return 0
  }
}
