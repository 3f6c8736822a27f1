// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Database
import Errors
import GRDB
import Layers
import OCISpec

extension ImageStore {
  /// A layer's blob in a form: made, if it is not here.
  /// - Parameters:
  ///   - claim: gets the blob.
  ///   - progress: told how many bytes more of the archive have been read.
  package func formed(
    _ layer: Descriptor, as form: LayerForm, _ claim: Claim, progress: (Int) -> Void = { _ in }
  ) throws(HullError) -> Descriptor {
    guard layer.urls == nil else { return layer }
    let compression = form.outcome(for: layer)
    var result = layer
    result.mediaType = form.mediaType(compression)
    guard form.changes(layer) else { return result }
    let key = FormKey(source: layer.digest, compression: compression, level: form.level ?? compression.usualLevel)
    if let known = try known(key, claim) {
      (result.digest, result.size) = known
      return result
    }
    (result.digest, result.size) = try made(key, claim, progress)
    return result
  }

  private func made(_ key: FormKey, _ claim: Claim, _ progress: (Int) -> Void) throws(HullError) -> (Digest, Int64) {
    let ingest = try blobs.ingest()
    let received = try ingest.receive { (sink) throws(HullError) in
      let compressing = try key.compression.sink(sink, level: key.level)
      let chunks = BufferedChunks(try DecompressingSource(try blobs.source(key.source)))
      while let chunk = try chunks.next() {
        try compressing.write(chunk)
        progress(chunk.count)
      }
      try compressing.finish()
    }
    claim.claim(blobs: [received.digest])
    try ingest.publish([(received.file, received.digest)])
    try database.note("record a form of layer \(key.source)") { try Catalog(database: $0).note(key, received.digest) }
    return (received.digest, received.size)
  }

  /// The blob that was made the last time, as long as something keeps it here.
  private func known(_ key: FormKey, _ claim: Claim) throws(HullError) -> (Digest, Int64)? {
    guard let digest = try database.read("look up a form of layer \(key.source)", { try Catalog(database: $0).form(key) }) else { return nil }
    claim.claim(blobs: [digest])
    return blobs.size(of: digest).map { (digest, $0) }
  }

  /// A layer with no time later than a given one, on top of others.
  /// - Parameters:
  ///   - latest: seconds since 1970.
  ///   - claim: gets the blob and the layer.
  /// - Returns: `nil` when there is nothing in the layer.
  package func clamped(
    _ layer: Descriptor, latest: Int64, above below: [LayerInfo], _ claim: Claim
  ) throws(HullError) -> (info: LayerInfo, descriptor: Descriptor)? {
    try makeLayer(above: below, claim) { (sink) throws(HullError) in
      try TarClamp.rewrite(try DecompressingSource(try blobs.source(layer.digest)), latest: latest, to: sink)
    }
  }
}

/// Which form of which blob: the same makes the same bytes.
struct FormKey {
  let source: Digest
  let compression: Compression
  let level: Int

  fileprivate var arguments: StatementArguments { [source.description, "\(compression)", level] }
}

extension Catalog {
  func form(_ key: FormKey) throws -> Digest? {
    try digests("SELECT digest FROM blob_form WHERE source = ? AND compression = ? AND level = ?", key.arguments).first
  }

  /// Writes a form down, and forgets those whose blobs nothing keeps any more.
  func note(_ key: FormKey, _ digest: Digest) throws {
    try database.cachedStatement(
      sql: """
        DELETE FROM blob_form WHERE NOT EXISTS (SELECT 1 FROM image_blob WHERE image_blob.digest = blob_form.digest)
          AND NOT EXISTS (SELECT 1 FROM document_blob WHERE document_blob.digest = blob_form.digest)
        """
    ).execute()
    try database.cachedStatement(sql: "INSERT OR REPLACE INTO blob_form (source, compression, level, digest) VALUES (?, ?, ?, ?)").execute(
      arguments: key.arguments + [digest.description])
  }
}
