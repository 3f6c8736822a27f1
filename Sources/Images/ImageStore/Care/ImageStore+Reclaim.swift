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
  /// Bytes that this freed.
  package var bytes: Int64 = 0
  /// Bytes that the store takes now, and may take.
  package var used: Int64 = 0
  package var limit: Int64 = 0
  /// Nothing more could be taken away although it is too much.
  package var isOver = false

  package var isNothing: Bool { images.isEmpty && downloads.isEmpty && !isOver }
}

extension ImageStore {
  /// Once it is too much, so much of the limit, in percent, is left: so that not every pull has to make room anew.
  private static let lowWater: Int64 = 90

  /// Brings the store below its limit, and below it with what is coming in: cut downloads go first, then images that no container and no
  /// operation uses, those first that were not used for the longest time. The image that was used last stays.
  /// - Parameters:
  ///   - incoming: bytes that are about to come in.
  ///   - holders: the containers that use an image.
  /// - Returns: `nil` when there was room.
  package func reclaim(
    _ budget: DiskBudget, incoming: Int64 = 0, holders: @escaping (ImageID) -> [ImageHolder]
  ) throws(HullError) -> Reclaimed? {
    let disk = try DiskSpace(at: blobs.root)
    guard let limit = budget.limit(disk: disk.total) else { return nil }
    return try reclaiming.with { (_) throws(HullError) -> Reclaimed? in
      let used = try usage().total
      let missing = incoming + disk.reserve - disk.free
      guard used + incoming > limit || (incoming > 0 && missing > 0) else { return nil }
      var run = ReclaimRun(store: self, holders: holders, goal: max(used + incoming - limit / 100 * ImageStore.lowWater, missing))
      try run.downloads()
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
  let holders: (ImageID) -> [ImageHolder]
  /// Bytes.
  let goal: Int64
  var result = Reclaimed()

  init(store: ImageStore, holders: @escaping (ImageID) -> [ImageHolder], goal: Int64) {
    self.store = store
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

  /// Parents go after their children: each round may free some for the next.
  mutating func images() throws(HullError) {
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
