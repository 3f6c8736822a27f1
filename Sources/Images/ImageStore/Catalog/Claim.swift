// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// What one operation claims, until `release`.
package final class Claim: Sendable {
  /// Whether a row spoke of it when it was claimed.
  private struct Claimed {
    var blobs: [Digest: Bool] = [:]
    var chains: [Digest: Bool] = [:]
  }

  private let claims: Claims
  private let claimed = Monitor(Claimed())

  init(_ claims: Claims) { self.claims = claims }

  /// - Parameter recorded: a row speaks of these, so that letting go of them leaves nothing behind, unless the row goes meanwhile.
  package func claim(blobs: [Digest] = [], chains: [Digest] = [], recorded: Bool = false) {
    claimed.with { claimed in
      claims.add(blobs: Self.add(blobs, recorded, to: &claimed.blobs), chains: Self.add(chains, recorded, to: &claimed.chains))
    }
  }

  /// - Returns: those that are new.
  private static func add(_ digests: [Digest], _ recorded: Bool, to claimed: inout [Digest: Bool]) -> [Digest] {
    digests.filter { digest in
      let known = claimed[digest]
      claimed[digest] = recorded && known ?? true
      return known == nil
    }
  }

  /// Lets go; what no row and nobody else needs is removed.
  package func release() throws(HullError) {
    let mine = claimed.with { claimed in
      defer { claimed = Claimed() }
      return claimed
    }
    let awaited = claims.drop(blobs: Array(mine.blobs.keys), chains: Array(mine.chains.keys))
    try claims.collect(blobs: Self.loose(mine.blobs, awaited.blobs), chains: Self.loose(mine.chains, awaited.chains))
  }

  private static func loose(_ claimed: [Digest: Bool], _ awaited: [Digest]) -> [Digest] {
    claimed.filter { !$0.value }.map(\.key) + awaited.filter { claimed[$0] == true }
  }
}

/// What operations hold, and how many of them each.
struct HeldDigests {
  private var counts: [Digest: Int] = [:]
  /// Would have been removed, had nobody held them.
  private var awaited: Set<Digest> = []

  func contains(_ digest: Digest) -> Bool { counts[digest] != nil }

  mutating func add(_ digests: [Digest]) { for digest in digests { counts[digest, default: 0] += 1 } }

  /// - Returns: those that nobody holds any more and that are awaited.
  mutating func drop(_ digests: [Digest]) -> [Digest] {
    digests.filter { digest in
      let left = (counts[digest] ?? 1) - 1
      counts[digest] = left > 0 ? left : nil
      return left <= 0 && awaited.remove(digest) != nil
    }
  }

  /// Those that nobody holds; the others are awaited from now on.
  mutating func free(of candidates: [Digest]) -> [Digest] {
    let held = candidates.filter(contains)
    awaited.formUnion(held)
    return held.isEmpty ? candidates : candidates.filter { !contains($0) }
  }
}
