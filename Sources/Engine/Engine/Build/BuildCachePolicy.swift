// SPDX-License-Identifier: Apache-2.0
import Builder
import ImageStore

/// How much of the disk the build cache may take by itself, as BuildKit's garbage collector has it.
package struct BuildCachePolicy: Sendable, Hashable {
  /// What it keeps in any case, the most recently used; `nil`: a tenth of the disk, 10 GiB at most.
  package var reserved: DiskBudget?
  /// What it may take; `nil`: four fifths of the disk, 100 GiB at most.
  package var maxUsed: DiskBudget?
  /// What is to stay free of the disk.
  package var minFree = DiskBudget.percent(20)
  /// Seconds after which goes what was not used, down to what is reserved; 0: never.
  package var keep: Int64 = 60 * 24 * 3600

  package init() {}

  /// What is to be removed, one after the other.
  /// - Parameters:
  ///   - disk: bytes of the file system.
  ///   - now: nanoseconds since 1970.
  func prunes(disk: Int64, now: Int64) -> [CachePrune] {
    let reserved = (self.reserved.map { $0.limit(disk: disk) } ?? min(disk / 10, 10 << 30)) ?? 0
    var prunes: [CachePrune] = []
    if keep > 0 {
      var prune = CachePrune()
      (prune.reserved, prune.unusedSince) = (reserved, now - keep * 1_000_000_000)
      prunes.append(prune)
    }
    var prune = CachePrune()
    prune.maxUsed = (maxUsed.map { $0.limit(disk: disk) } ?? min(disk / 5 * 4, 100 << 30)) ?? 0
    prune.minFree = minFree.limit(disk: disk) ?? 0
    if prune.maxUsed > 0 || prune.minFree > 0 {
      prune.reserved = reserved
      prunes.append(prune)
    }
    return prunes
  }
}
