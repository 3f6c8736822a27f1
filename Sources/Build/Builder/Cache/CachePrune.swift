// SPDX-License-Identifier: Apache-2.0

/// What may stay of the build cache, as BuildKit's garbage collector has it. Without any limit everything goes that matches.
package struct CachePrune: Sendable {
  /// Also what images share.
  package var all = false
  /// Bytes that are kept in any case, the most recently used; 0: none.
  package var reserved: Int64 = 0
  /// Bytes that the cache may have; 0: no limit of its own.
  package var maxUsed: Int64 = 0
  /// Bytes that should be free on the disk; 0: it does not matter.
  package var minFree: Int64 = 0
  /// Bytes after which it is enough; `nil`: it never is.
  package var enough: Int64?
  /// Nanoseconds since 1970: only what was not used since.
  package var unusedSince: Int64?
  /// Which records may go at all.
  package var matches: @Sendable (CacheRecord) -> Bool = { _ in true }

  package init() {}

  /// What the cache may come down to; `nil`: to nothing.
  /// - Parameters:
  ///   - total: bytes that the cache takes.
  ///   - free: bytes that are free on the disk.
  package func kept(of total: Int64, free: Int64) -> Int64? {
    guard reserved > 0 || maxUsed > 0 || minFree > 0 else { return nil }
    var kept = maxUsed > 0 ? maxUsed : Int64.max
    if minFree > free { kept = min(kept, total - (minFree - free)) }
    // With a reserve alone everything above it may go.
    if maxUsed == 0, minFree == 0 { kept = 0 }
    return max(kept, reserved, 0)
  }
}

/// What has been removed of the build cache.
package struct CachePruned: Sendable {
  package var records: [CacheRecord] = []
  /// Bytes that this freed.
  package var bytes: Int64 = 0
}
