// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import Layers
import OCISpec

/// A line of the build cache, and what it takes of the disk.
package struct StepUsage: Sendable, Hashable {
  package var step: StepRecord
  /// Bytes of layers and blobs that only the cache needs; what several lines need counts for the oldest of them.
  package var bytes: Int64
  /// It takes nothing for itself, for an image or a container has the same layer.
  package var isShared: Bool
  /// A build is using it.
  package var isInUse: Bool
}

extension ImageStore {
  /// Every line of the build cache, the oldest first.
  package func buildStepUsage() throws(HullError) -> [StepUsage] {
    let steps = try buildSteps().sorted { ($0.created, $0.key) < ($1.created, $1.key) }
    var holds = try database.read("look up the build cache's layers") { try StepHolds(database: $0) }
    return steps.map { step in
      let isInUse = claims.isHeld(blobs: [], chains: step.layer.map { [$0.chain] } ?? [])
      let bytes = holds.count(step)
      return StepUsage(step: step, bytes: bytes, isShared: bytes == 0 && holds.isShared(step), isInUse: isInUse)
    }
  }
}

/// Who needs what the build cache holds.
private struct StepHolds {
  /// Layers that only steps hold, with their bytes, by the names under which they are held.
  private var own: [String: [(chain: Digest, size: Int64)]] = [:]
  /// Blobs of steps that nothing else needs.
  private var ownBlobs: Set<Digest>
  private var ownLayers: Set<Digest> = []
  private var counted: Set<Digest> = []

  init(database: GRDB.Database) throws {
    let catalog = Catalog(database: database)
    ownBlobs = Set(try catalog.digests("SELECT DISTINCT blob FROM build_step WHERE blob IS NOT NULL AND \(Catalog.cachesBlob)", []))
    let sql = "SELECT holder, chain, size FROM layer_hold JOIN layer USING (chain) WHERE holder LIKE 'step:%' AND \(Catalog.cachesLayer)"
    for row in try Row.fetchAll(database.cachedStatement(sql: sql)) {
      let chain = try catalog.digest(row[1])
      ownLayers.insert(chain)
      own[row[0], default: []].append((chain, row[2]))
    }
  }

  /// Bytes that none before has counted.
  mutating func count(_ step: StepRecord) -> Int64 {
    var bytes: Int64 = 0
    for (chain, size) in own[step.holder] ?? [] where counted.insert(chain).inserted { bytes += size }
    if let blob = step.descriptor, ownBlobs.contains(blob.digest), counted.insert(blob.digest).inserted { bytes += blob.size }
    return bytes
  }

  func isShared(_ step: StepRecord) -> Bool { step.layer.map { !ownLayers.contains($0.chain) } ?? false }
}

extension Catalog {
  /// Of a row with a `chain`: only the build cache holds it.
  static let cachesLayer = """
    NOT EXISTS (SELECT 1 FROM image_layer WHERE image_layer.chain = layer.chain)
    AND NOT EXISTS (SELECT 1 FROM layer_hold AS other WHERE other.chain = layer.chain AND other.holder NOT LIKE 'step:%')
    """
  /// Of a row with a `blob`: only the build cache needs it.
  static let cachesBlob = """
    NOT EXISTS (SELECT 1 FROM image_blob WHERE image_blob.digest = build_step.blob)
    AND NOT EXISTS (SELECT 1 FROM document_blob WHERE document_blob.digest = build_step.blob)
    """

  /// Bytes of layers, and of blobs, that only the build cache needs.
  func cacheSizes() throws -> (layers: Int64, blobs: Int64) {
    let layers = """
      SELECT coalesce(sum(size), 0) FROM layer
      WHERE EXISTS (SELECT 1 FROM layer_hold WHERE layer_hold.chain = layer.chain) AND \(Self.cachesLayer)
      """
    let blobs =
      "SELECT coalesce(sum(blob_size), 0) FROM (SELECT DISTINCT blob, blob_size FROM build_step WHERE blob IS NOT NULL AND \(Self.cachesBlob))"
    return (try Int64.fetchOne(database.cachedStatement(sql: layers)) ?? 0, try Int64.fetchOne(database.cachedStatement(sql: blobs)) ?? 0)
  }

  /// What a hold of the build cache is called: its instruction and its ID; `nil` for the hold of something else.
  func stepName(of holder: String) throws -> String? {
    guard holder.hasPrefix(StepRecord.holderPrefix) else { return nil }
    let key = "sha256:" + holder.dropFirst(StepRecord.holderPrefix.count)
    return try stepNames("key = ?", key).first ?? key
  }

  /// Lines of the build cache that need a blob.
  func stepNames(withBlob blob: Digest) throws -> [String] { try stepNames("blob = ?", blob.description) }

  private func stepNames(_ condition: String, _ value: String) throws -> [String] {
    try Row.fetchAll(database.cachedStatement(sql: "SELECT key, description FROM build_step WHERE \(condition)"), arguments: [value]).map { row in
      let (key, description): (String, String) = (row[0], row[1])
      let line = description.prefix { !$0.isNewline }
      return "\(line.count > 80 ? line.prefix(79) + "…" : line) (build cache \(key.dropFirst("sha256:".count).prefix(12)))"
    }
  }
}
