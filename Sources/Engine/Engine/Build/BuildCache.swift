// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import ImageStore
import OCISpec
import Threads

/// What may stay of the build cache.
package struct BuildCachePrune: Sendable, Equatable {
  /// Also what an image or a frequently used step still needs.
  package var all = false
  /// bytes that are kept in any case
  package var reservedSpace: Int64 = 0
  /// bytes that the cache may have at most; 0: no limit of its own
  package var maxUsedSpace: Int64 = 0
  /// bytes that should be free on the disk afterwards
  package var minFreeSpace: Int64 = 0
  package var filters = Filters()

  package init() {}
}

extension Engine {
  /// The records of the build cache.
  package func buildCacheUsage() async throws -> [BuildCacheRecord] {
    let builder = services.builder
    return try await Blocking.stream { try builder.cacheRecords() }.map(BuildCacheRecord.init)
  }

  /// Removes what is not to be kept of the build cache.
  package func pruneBuildCache(_ limits: BuildCachePrune) async throws -> BuildCachePruneReport {
    let builder = services.builder
    let prune = try limits.prune()
    let gone = try await Blocking.stream { try builder.pruneCache(prune) }
    var report = BuildCachePruneReport()
    report.cachesDeleted = gone.isEmpty ? nil : gone.map(\.id)
    report.spaceReclaimed = gone.reduce(0) { $0 + $1.size }
    if !gone.isEmpty { services.events.publish("builder", "prune", id: "", attributes: ["reclaimed": String(report.spaceReclaimed)]) }
    return report
  }
}

extension BuildCachePrune {
  func prune() throws(HullError) -> CachePrune {
    var prune = CachePrune()
    prune.all = all
    prune.reserved = max(reservedSpace, maxUsedSpace)
    prune.unusedSince = try age()
    let filters = self.filters
    prune.matches = { record in
      func fits(_ key: String, _ value: String) -> Bool { filters[key].isEmpty || filters[key].contains(value) }
      return fits("id", record.id) && fits("parent", record.parent) && fits("type", record.kind.rawValue) && fits("description", record.description)
        && fits("inuse", String(record.inUse)) && fits("shared", String(record.shared)) && fits("private", String(!record.shared))
    }
    return prune
  }

  /// `until` and `unused-for` say the same of a cache: how long ago it was used last.
  private func age() throws(HullError) -> Int64? {
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
