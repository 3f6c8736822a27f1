// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Database
import Errors
import GRDB
import OCISpec

/// An image whose layers lie here as they were made, on its way to a registry: there they are compressed.
package struct OutgoingImage: Sendable {
  let record: ImageRecord
  let origin: Descriptor
  let manifest: Manifest

  /// The layers that are not compressed, lowest first; each once.
  package var plainLayers: [Descriptor] {
    var seen: Set<Digest> = []
    return manifest.layers.filter { $0.isPlainLayer && seen.insert($0.digest).inserted }
  }
}

/// The same image with other blobs, in the store and claimed; no row speaks of them yet.
package struct FormedImage: Sendable {
  let image: NewImage
  let origin: Descriptor
  /// For a push.
  package let content: ImageContent
}

extension ImageStore {
  /// An image that may go out in another form than it has here: one that was made here, not brought from a registry, and that nothing refers to.
  /// - Returns: `nil`: it goes as it is.
  package func outgoing(_ content: ImageContent) throws(HullError) -> OutgoingImage? {
    let root = content.root
    guard !MediaType.isIndex(root.mediaType), content.referrers.isEmpty, content.documents.last?.diffIDs.isEmpty == false else { return nil }
    let manifest: Manifest = try JSON.decode(blobs.read(root.digest), "the manifest \(root.digest)")
    guard manifest.layers.contains(where: \.isPlainLayer) else { return nil }
    let record = try database.read("look up image \(content.image)") { database -> ImageRecord? in
      let catalog = Catalog(database: database)
      return try catalog.isKnownElsewhere(root.digest) ? nil : catalog.record(content.image, configs)
    }
    return record.map { OutgoingImage(record: $0, origin: root, manifest: manifest) }
  }

  /// The image with layers in the place of others.
  /// - Parameters:
  ///   - layers: by the digests of those that they stand for.
  ///   - claim: gets the manifest; it has the layers.
  package func formed(_ outgoing: OutgoingImage, with layers: [Digest: Descriptor], _ claim: Claim) throws(HullError) -> FormedImage {
    var manifest = outgoing.manifest
    manifest.layers = manifest.layers.map { layers[$0.digest] ?? $0 }
    let descriptor = try store(JSON.encode(manifest), outgoing.origin.mediaType, claim)
    let (record, parts) = (outgoing.record, [manifest.config] + manifest.layers)
    let infos = try database.read("look up layers") { try Catalog(database: $0).layers(of: record.id) }
    let image = NewImage(
      id: record.id, config: record.config, rawConfig: record.rawConfig, manifest: descriptor,
      blobs: Set(parts.map(\.digest) + [descriptor.digest]), layers: infos)
    let document = ContentDocument(descriptor: descriptor, blobs: parts, diffIDs: record.diffIDs)
    return FormedImage(
      image: image, origin: outgoing.origin, content: ImageContent(image: record.id, root: descriptor, documents: [document]))
  }

  /// Puts the image's new manifest in the place of the one that it came from, on disk for good; blobs that only that one needed go. An image that
  /// was removed meanwhile stays removed.
  package func adopt(_ formed: FormedImage) throws(HullError) {
    try sync()
    let (image, now) = (formed.image, ImageStore.now())
    let lost = try database.write("record the manifest of \(image.id)") { database -> [Digest] in
      let catalog = Catalog(database: database)
      guard try catalog.exists(image.id) else { return [] }
      try catalog.insert(image, now: now)
      return try catalog.replace(formed.origin.digest, by: image)
    }
    try claims.collect(blobs: lost, chains: [])
  }
}

extension Descriptor {
  /// A layer that is not compressed, and that may be sent.
  fileprivate var isPlainLayer: Bool { urls == nil && (mediaType == MediaType.ociLayer || mediaType == MediaType.dockerLayer) }
}

extension Catalog {
  /// Whether somebody else may know a manifest: it came from a registry or went there.
  fileprivate func isKnownElsewhere(_ manifest: Digest) throws -> Bool {
    try Bool.fetchOne(
      database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM image_name WHERE manifest = ? AND target IS NULL AND name LIKE '%@%')"),
      arguments: [manifest.description]) ?? false
  }

  /// Lets an image and its tags stand for another manifest; what nothing stands for any more is forgotten.
  /// - Returns: the blobs that only the old one needed.
  fileprivate func replace(_ old: Digest, by image: NewImage) throws -> [Digest] {
    let (id, new) = (image.id.description, image.manifest.digest)
    guard old != new else { return [] }
    let change: StatementArguments = [new.description, old.description]
    try database.cachedStatement(sql: "UPDATE image SET manifest = ? WHERE manifest = ?").execute(arguments: change)
    try database.cachedStatement(sql: "UPDATE image_name SET manifest = ? WHERE manifest = ? AND target IS NULL AND name NOT LIKE '%@%'").execute(
      arguments: change)
    guard try !isUsed(old) else { return [] }
    try database.cachedStatement(sql: "DELETE FROM manifest WHERE digest = ?").execute(arguments: [old.description])
    // Another manifest of the same image may need the same blobs.
    guard try digests("SELECT digest FROM manifest WHERE image = ?", [id]) == [new] else { return [] }
    let lost = try digests("SELECT digest FROM image_blob WHERE image = ?", [id]).filter { !image.blobs.contains($0) }
    for blob in lost {
      try database.cachedStatement(sql: "DELETE FROM image_blob WHERE image = ? AND digest = ?").execute(arguments: [id, blob.description])
    }
    return lost
  }

  private func isUsed(_ manifest: Digest) throws -> Bool {
    let sql = """
      SELECT EXISTS (SELECT 1 FROM image_name WHERE manifest = ?1) OR EXISTS (SELECT 1 FROM document_image WHERE manifest = ?1)
        OR EXISTS (SELECT 1 FROM document WHERE subject = ?1)
      """
    return try Bool.fetchOne(database.cachedStatement(sql: sql), arguments: [manifest.description]) ?? false
  }
}
