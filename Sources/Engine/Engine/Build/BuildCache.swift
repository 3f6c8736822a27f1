// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import ImageStore
import OCISpec
import Threads

/// What may stay of the build cache, as clients ask.
package struct BuildCachePrune: Sendable {
  /// Also what images share.
  package var all = false
  /// bytes that are kept in any case
  package var reservedSpace: Int64 = 0
  /// bytes that the cache may have at most; 0: no limit of its own
  package var maxUsedSpace: Int64 = 0
  /// bytes that should be free on the disk afterwards
  package var minFreeSpace: Int64 = 0
  /// Nanoseconds: what was used within them stays.
  package var keepDuration: Int64 = 0
  /// As Docker's API has them: `until`, `unused-for`, and fields of records.
  package var filters = Filters()
  /// As BuildKit's clients write them: one of them has to match; none: everything does.
  package var expressions: [String] = []

  package init() {}
}

extension Engine {
  /// The records of the build cache.
  /// - Parameter expressions: see `BuildCachePrune`.
  package func buildCacheUsage(_ expressions: [String] = []) async throws -> [BuildCacheRecord] {
    let (builder, filter) = (services.builder, try BuildCachePrune.matching(expressions))
    return try await Blocking.stream { try builder.cacheRecords() }.filter(filter).map(BuildCacheRecord.init)
  }

  /// Removes what is not to be kept of the build cache.
  /// - Returns: what has gone, and bytes that this freed.
  package func pruneBuildCache(_ limits: BuildCachePrune) async throws -> (records: [BuildCacheRecord], bytes: Int64) {
    let builder = services.builder
    let prune = try limits.prune()
    let pruned = try await Blocking.stream { try builder.pruneCache(prune) }
    if !pruned.records.isEmpty { services.events.publish("builder", "prune", id: "", attributes: ["reclaimed": String(pruned.bytes)]) }
    return (pruned.records.map(BuildCacheRecord.init), pruned.bytes)
  }
}

extension BuildCachePruneReport {
  package init(_ pruned: (records: [BuildCacheRecord], bytes: Int64)) {
    self.init()
    cachesDeleted = pruned.records.isEmpty ? nil : pruned.records.map(\.id)
    spaceReclaimed = pruned.bytes
  }
}

extension BuildCachePrune {
  func prune() throws(HullError) -> CachePrune {
    var prune = CachePrune()
    prune.all = all
    (prune.reserved, prune.maxUsed, prune.minFree) = (reservedSpace, maxUsedSpace, minFreeSpace)
    prune.unusedSince = try age()
    let matches = try Self.matching(expressions)
    let conditions = try filters.values.keys.filter { !["until", "unused-for"].contains($0) }.map { (key) throws(HullError) in
      try CacheFilter(key, among: filters[key])
    }
    prune.matches = { record in matches(record) && conditions.allSatisfy { $0.matches(record) } }
    return prune
  }

  static func matching(_ expressions: [String]) throws(HullError) -> @Sendable (CacheRecord) -> Bool {
    let filters = try expressions.filter { !$0.isEmpty }.map { (text) throws(HullError) in try CacheFilter(text) }
    return { record in filters.isEmpty || filters.contains { $0.matches(record) } }
  }

  /// `until` and `unused-for` say the same of a cache: how long ago it was used last.
  private func age() throws(HullError) -> Int64? {
    if keepDuration > 0 { return Timestamp.now() - keepDuration }
    if let instant = try PruneTime.parse(filters) { return instant }
    guard let text = filters["unused-for"].first else { return nil }
    guard let ago = PruneTime.duration(text) else { throw HullError(.invalidArgument, "failed to parse unused-for filter: \(text)") }
    return Timestamp.now() - ago
  }
}

extension BuildCacheRecord {
  init(_ record: CacheRecord) {
    self.init()
    (id, type, description) = (record.id, record.kind.rawValue, record.description)
    parents = record.parent.isEmpty ? [] : [record.parent]
    (inUse, shared, size, usageCount) = (record.inUse, record.shared, record.size, record.uses)
    createdAt = RFC3339.text(nanoseconds: record.created)
    lastUsedAt = RFC3339.text(nanoseconds: record.used)
  }
}
