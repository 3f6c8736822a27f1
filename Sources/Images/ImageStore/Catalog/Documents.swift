// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

/// One image of an index.
struct Variant {
  let image: ImageID
  let manifest: Digest
  let platform: Platform
}

/// Indexes and referrers: what names and images need beside manifests.
extension Catalog {
  func insert(_ index: NewIndex) throws {
    try insert(index.descriptor, subject: nil, blobs: index.blobs)
    for (manifest, platform) in index.images {
      try database.cachedStatement(
        sql: """
          INSERT INTO document_image (document, manifest, platform) SELECT ?, digest, ? FROM manifest WHERE digest = ? ON CONFLICT DO NOTHING
          """
      ).execute(arguments: [index.descriptor.digest.description, platform.description, manifest.description])
    }
  }

  func insert(_ referrer: NewReferrer) throws { try insert(referrer.descriptor, subject: referrer.subject, blobs: referrer.blobs) }

  private func insert(_ descriptor: Descriptor, subject: Digest?, blobs: Set<Digest>) throws {
    let digest = descriptor.digest.description
    try database.cachedStatement(
      sql: "INSERT INTO document (digest, media_type, size, subject, artifact_type) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
    ).execute(arguments: [digest, descriptor.mediaType, descriptor.size, subject?.description, descriptor.artifactType])
    for blob in blobs {
      try database.cachedStatement(sql: "INSERT INTO document_blob (document, digest) VALUES (?, ?) ON CONFLICT DO NOTHING").execute(arguments: [
        digest, blob.description,
      ])
    }
  }

  /// The index that a name stands for.
  func index(named reference: Reference) throws -> Descriptor? {
    let sql = "SELECT document.digest, media_type, size FROM image_name JOIN document ON document.digest = target WHERE name = ?"
    return try Row.fetchOne(database.cachedStatement(sql: sql), arguments: [reference.description]).map(descriptor)
  }

  /// Its images that are here.
  func variants(of index: Digest) throws -> [Variant] {
    let sql = """
      SELECT image, manifest.digest, platform FROM document_image JOIN manifest ON manifest.digest = document_image.manifest WHERE document = ?
      ORDER BY platform, manifest.digest
      """
    return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [index.description]).map {
      Variant(image: try digest($0[0]), manifest: try digest($0[1]), platform: try Platform(parsing: $0[2]))
    }
  }

  /// The indexes that an image is in, with their images.
  func indexes(with image: ImageID) throws -> [Digest] {
    try digests(
      "SELECT DISTINCT document FROM document_image JOIN manifest ON manifest.digest = document_image.manifest WHERE image = ?", [image.description])
  }

  func referrers(of subject: Digest) throws -> [Descriptor] {
    let sql = "SELECT digest, media_type, size FROM document WHERE subject = ? ORDER BY digest"
    return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [subject.description]).map(descriptor)
  }

  /// The blobs that a document needs by itself.
  func blobs(of document: Digest) throws -> [Digest] {
    try digests("SELECT digest FROM document_blob WHERE document = ?", [document.description])
  }

  /// Forgets indexes without a name and referrers without a subject.
  /// - Returns: the blobs that they needed.
  func forgetLostDocuments() throws -> [Digest] {
    let sql = """
      SELECT digest FROM document WHERE CASE WHEN subject IS NULL
        THEN NOT EXISTS (SELECT 1 FROM image_name WHERE target = document.digest)
        ELSE NOT EXISTS (SELECT 1 FROM manifest WHERE manifest.digest = document.subject)
          AND NOT EXISTS (SELECT 1 FROM document other WHERE other.digest = document.subject) END
      """
    var blobs: [Digest] = []
    while case let lost = try digests(sql, []), !lost.isEmpty {
      for document in lost {
        blobs += try self.blobs(of: document)
        try database.cachedStatement(sql: "DELETE FROM document WHERE digest = ?").execute(arguments: [document.description])
      }
    }
    return blobs
  }

  private func descriptor(_ row: Row) throws -> Descriptor { Descriptor(mediaType: row[1], digest: try digest(row[0]), size: row[2]) }
}

extension [Variant] {
  /// The one that suits `wanted` best; `nil` when none does.
  func best(for wanted: Platform) -> Variant? {
    compactMap { variant in variant.platform.distance(to: wanted).map { (variant, $0) } }.min { $0.1 < $1.1 }?.0
  }
}
