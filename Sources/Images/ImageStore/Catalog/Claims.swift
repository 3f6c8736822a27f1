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
    var blobs = HeldDigests()
    var chains = HeldDigests()
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
      held.blobs.add(blobs)
      held.chains.add(chains)
    }
  }

  /// - Returns: those that nobody holds any more, and that somebody would have removed meanwhile.
  func drop(blobs: [Digest], chains: [Digest]) -> (blobs: [Digest], chains: [Digest]) {
    held.with { held in (held.blobs.drop(blobs), held.chains.drop(chains)) }
  }

  /// Whether an operation needs one of these.
  func isHeld(blobs: [Digest], chains: [Digest]) -> Bool {
    held.with { held in blobs.contains(where: held.blobs.contains) || chains.contains(where: held.chains.contains) }
  }

  /// Those of the candidates that are here and that no row and no claim needs.
  func unneeded(blobs candidates: [Digest], chains: [Digest]) throws(HullError) -> Collected {
    try held.with { (held) throws(HullError) in
      let lost = try lost(&held, candidates, chains)
      var found = Collected()
      for blob in lost.blobs { found.blobs[blob] = blobs.size(of: blob) }
      for chain in lost.chains where layers.isHere(chain) { found.layers[chain] = layers.info(chain)?.size ?? 0 }
      return found
    }
  }

  /// Takes a damaged blob away, so that it can be had anew, unless an operation uses it.
  func setAside(_ blob: Digest) throws(HullError) {
    try held.with { (held) throws(HullError) in if !held.blobs.contains(blob) { try blobs.remove(blob) } }
  }

  private func lost(_ held: inout Held, _ blobs: [Digest], _ chains: [Digest]) throws(HullError) -> (blobs: [Digest], chains: [Digest]) {
    let (blobs, chains) = (held.blobs.free(of: blobs), held.chains.free(of: chains))
    guard !blobs.isEmpty || !chains.isEmpty else { return ([], []) }
    return try database.read("look up what is needed") { database in
      let catalog = Catalog(database: database)
      return (try blobs.filter { try !catalog.needsBlob($0) }, try chains.filter { try !catalog.needsLayer($0) })
    }
  }

  /// Removes those of the candidates that no row and no claim needs.
  @discardableResult
  func collect(blobs candidates: [Digest], chains: [Digest]) throws(HullError) -> Collected {
    guard !candidates.isEmpty || !chains.isEmpty else { return Collected() }
    let (collected, trash) = try held.with { (held) throws(HullError) -> (Collected, [String]) in
      let lost = try lost(&held, candidates, chains)
      var collected = Collected()
      for blob in lost.blobs {
        guard let size = blobs.size(of: blob) else { continue }
        try blobs.remove(blob)
        collected.blobs[blob] = size
      }
      var trash: [String] = []
      for chain in lost.chains {
        let size = layers.info(chain)?.size ?? 0
        guard let name = try layers.discard(chain) else { continue }
        collected.layers[chain] = size
        trash.append(name)
      }
      return (collected, trash)
    }
    for name in trash { try layers.empty(name) }
    return collected
  }
}

/// What has been taken away, with its bytes.
struct Collected {
  var blobs: [Digest: Int64] = [:]
  /// Layers by chain ID, bytes of their files.
  var layers: [Digest: Int64] = [:]

  var bytes: Int64 { blobs.values.reduce(0, +) + layers.values.reduce(0, +) }
}
