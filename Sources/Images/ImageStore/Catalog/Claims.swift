// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Database
import Errors
import Layers
import OCISpec

/// What operations that are under way need, though no row speaks of it yet; and the removal of what nothing needs.
///
/// Whoever brings something in claims it first and looks afterwards whether it is there already; whoever removes looks for claims and rows
/// and takes the files away in one step. So nothing is removed between being found and being written down.
final class Claims: Sendable {
  struct Held {
    var blobs: [Digest: Int] = [:]
    var chains: [Digest: Int] = [:]
  }

  private let held = Monitor(Held())
  private let database: HullDatabase
  private let blobs: ContentStore
  private let layers: LayerStore

  init(database: HullDatabase, blobs: ContentStore, layers: LayerStore) {
    self.database = database
    self.blobs = blobs
    self.layers = layers
  }

  /// Claims for the length of `body`. What is still not needed by any row afterwards is removed: after a failure nothing is left.
  func during<Result>(_ body: (Claim) throws(HullError) -> Result) throws(HullError) -> Result {
    let claim = Claim(self)
    do throws(HullError) {
      let result = try body(claim)
      try claim.release()
      return result
    } catch {
      try? claim.release()
      throw error
    }
  }

  func add(blobs: [Digest], chains: [Digest]) {
    held.with { held in
      for blob in blobs { held.blobs[blob, default: 0] += 1 }
      for chain in chains { held.chains[chain, default: 0] += 1 }
    }
  }

  func drop(blobs: [Digest], chains: [Digest]) {
    held.with { held in
      for blob in blobs { held.blobs[blob] = held.blobs[blob].flatMap { $0 > 1 ? $0 - 1 : nil } }
      for chain in chains { held.chains[chain] = held.chains[chain].flatMap { $0 > 1 ? $0 - 1 : nil } }
    }
  }

  /// Removes those of the candidates that no row and no claim needs.
  func collect(blobs candidates: [Digest], chains: [Digest]) throws(HullError) {
    guard !candidates.isEmpty || !chains.isEmpty else { return }
    let trash = try held.with { (held) throws(HullError) -> [String] in
      let unclaimedBlobs = candidates.filter { held.blobs[$0] == nil }
      let unclaimedChains = chains.filter { held.chains[$0] == nil }
      let (lostBlobs, lostChains) = try database.read("look up what is needed") { database in
        let catalog = Catalog(database: database)
        return (try unclaimedBlobs.filter { try !catalog.needsBlob($0) }, try unclaimedChains.filter { try !catalog.needsLayer($0) })
      }
      for blob in lostBlobs { try blobs.remove(blob) }
      var trash: [String] = []
      for chain in lostChains { if let name = try layers.discard(chain) { trash.append(name) } }
      return trash
    }
    for name in trash { try layers.empty(name) }
  }
}

/// What one operation claims, until `release`.
package final class Claim: Sendable {
  private struct Claimed {
    var blobs: [Digest] = []
    var chains: [Digest] = []
  }

  private let claims: Claims
  private let claimed = Monitor(Claimed())

  init(_ claims: Claims) { self.claims = claims }

  package func claim(blobs: [Digest] = [], chains: [Digest] = []) {
    claims.add(blobs: blobs, chains: chains)
    claimed.with {
      $0.blobs += blobs
      $0.chains += chains
    }
  }

  /// Lets go; what no row and nobody else needs is removed.
  package func release() throws(HullError) {
    let mine = claimed.with { claimed in
      defer { claimed = Claimed() }
      return claimed
    }
    claims.drop(blobs: mine.blobs, chains: mine.chains)
    try claims.collect(blobs: Array(Set(mine.blobs)), chains: Array(Set(mine.chains)))
  }
}
