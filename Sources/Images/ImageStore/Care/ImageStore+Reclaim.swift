// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// What was taken away to make room.
package struct Reclaimed: Sendable {
  /// Images, the one that was not used for the longest time first, with what their removal consisted of.
  package var images: [(image: ImageRecord, removals: [Removal])] = []
  /// Downloads that had been cut.
  package var downloads: [Digest] = []
  /// Bytes of build cache.
  package var cache: Int64 = 0
  /// Bytes that this freed.
  package var bytes: Int64 = 0
  /// Bytes that the store takes now, and may take.
  package var used: Int64 = 0
  package var limit: Int64 = 0
  /// Nothing more could be taken away although it is too much.
  package var isOver = false

  package var isNothing: Bool { images.isEmpty && downloads.isEmpty && cache == 0 && !isOver }
}

/// The build cache, as somebody sees it who makes room.
package struct ReclaimableCache: Sendable {
  /// Bytes of it that are not the store's: cache mounts.
  package var outside: @Sendable () throws(HullError) -> Int64
  /// Takes so many bytes of it away, those first that were not used for the longest time, and says how many went.
  package var remove: @Sendable (Int64) throws(HullError) -> Int64

  package init(
    outside: @escaping @Sendable () throws(HullError) -> Int64, remove: @escaping @Sendable (Int64) throws(HullError) -> Int64
  ) {
    self.outside = outside
    self.remove = remove
  }
}

extension ImageStore {
  /// Once it is too much, so much of the limit, in percent, is left: so that not every pull has to make room anew.
  private static let lowWater: Int64 = 90

  /// Brings the store below its limit, and below it with what is coming in: cut downloads go first, then what only the build cache needs, then
  /// images that no container and no operation uses, those first that were not used for the longest time, each with the cache of what built it.
  /// The image that was used last stays.
  /// - Parameters:
  ///   - incoming: bytes that are about to come in.
  ///   - cache: `nil`: there is none.
  ///   - holders: the containers that use an image.
  /// - Returns: `nil` when there was room.
  package func reclaim(
    _ budget: DiskBudget, incoming: Int64 = 0, cache: ReclaimableCache? = nil, holders: @escaping (ImageID) -> [ImageHolder]
  ) throws(HullError) -> Reclaimed? {
    let disk = try DiskSpace(at: blobs.root)
    guard let limit = budget.limit(disk: disk.total) else { return nil }
    return try reclaiming.with { (_) throws(HullError) -> Reclaimed? in
      let used = try usage().total + (cache?.outside() ?? 0)
      let missing = incoming + disk.reserve - disk.free
      guard used + incoming > limit || (incoming > 0 && missing > 0) else { return nil }
      var run = ReclaimRun(store: self, cache: cache, holders: holders, goal: max(used + incoming - limit / 100 * ImageStore.lowWater, missing))
      try run.downloads()
      try run.buildCache()
      try run.images()
      run.result.used = used - run.result.bytes
      run.result.limit = limit
      run.result.isOver = run.result.used + incoming > limit
      return run.result
    }
  }
}

/// One round of making room.
private struct ReclaimRun {
  let store: ImageStore
  let cache: ReclaimableCache?
  let holders: (ImageID) -> [ImageHolder]
  /// Bytes.
  let goal: Int64
  var result = Reclaimed()

  init(store: ImageStore, cache: ReclaimableCache?, holders: @escaping (ImageID) -> [ImageHolder], goal: Int64) {
    self.store = store
    self.cache = cache
    self.holders = holders
    self.goal = goal
  }

  /// The oldest first.
  mutating func downloads() throws(HullError) {
    for download in try store.blobs.downloads().sorted(by: { $0.changed < $1.changed }) where !download.isRunning && result.bytes < goal {
      guard store.blobs.forgetDownload(download.digest) else { continue }
      result.downloads.append(download.digest)
      result.bytes += download.bytes
    }
  }

  /// What images share stays: it would free nothing.
  mutating func buildCache() throws(HullError) {
    guard let cache, result.bytes < goal else { return }
    let bytes = try cache.remove(goal - result.bytes)
    result.cache += bytes
    result.bytes += bytes
  }

  /// Parents go after their children: each round may free some for the next.
  mutating func images() throws(HullError) {
    store.database.writeNotes()
    while result.bytes < goal {
      let before = result.images.count
      var candidates = try store.list().filter { $0.lastUse > 0 }.sorted { $0.lastUse < $1.lastUse }
      if !candidates.isEmpty { candidates.removeLast() }
      for record in candidates where result.bytes < goal {
        guard try isFree(record) else { continue }
        let removed = try store.removeWhole(record, holders: holders)
        guard !removed.removals.isEmpty else { continue }
        result.images.append((record, removed.removals))
        result.bytes += removed.reclaimed
        // What built it is not shared any more.
        try buildCache()
      }
      if result.images.count == before { return }
    }
  }

  /// Neither it nor one that shares its names is in use.
  private func isFree(_ record: ImageRecord) throws(HullError) -> Bool {
    let others = try store.database.read("look up image \(record.id)") { database in
      let catalog = Catalog(database: database)
      let variants = try catalog.indexes(with: record.id).flatMap { try catalog.variants(of: $0) }
      return (variants: variants.map(\.image), children: try catalog.children(of: record.id))
    }
    return others.children.isEmpty && !store.isClaimed(record) && ([record.id] + others.variants).allSatisfy { holders($0).isEmpty }
  }
}
