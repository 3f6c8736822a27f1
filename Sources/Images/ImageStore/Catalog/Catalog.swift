// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import Layers
import OCISpec

/// The statements behind the image store; every function runs inside the caller's transaction.
struct Catalog {
  let database: GRDB.Database

  // MARK: Writing

  /// Writes an image down, or another manifest of one that is known.
  func insert(_ image: NewImage, now: Int64) throws {
    let id = image.id.description
    try database.cachedStatement(
      sql: """
        INSERT INTO image (id, config, manifest, created, added, parent, artifact, artifact_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO NOTHING
        """
    ).execute(arguments: [
      id, DataBytes(image.rawConfig).value, image.manifest.digest.description, RFC3339.nanoseconds(image.config.created ?? "") ?? 0, now,
      image.parent?.description, image.artifactType, image.artifactSize,
    ])
    try database.cachedStatement(sql: "INSERT INTO manifest (digest, image, media_type, size) VALUES (?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING")
      .execute(arguments: [image.manifest.digest.description, id, image.manifest.mediaType, image.manifest.size])
    for blob in image.blobs {
      try database.cachedStatement(sql: "INSERT INTO image_blob (image, digest) VALUES (?, ?) ON CONFLICT DO NOTHING").execute(arguments: [
        id, blob.description,
      ])
    }
    for (position, layer) in image.layers.enumerated() {
      try database.cachedStatement(sql: "INSERT INTO layer (chain, diff_id, size) VALUES (?, ?, ?) ON CONFLICT (chain) DO NOTHING").execute(
        arguments: [layer.chain.description, layer.diffID.description, layer.size])
      try database.cachedStatement(sql: "INSERT INTO image_layer (image, position, chain) VALUES (?, ?, ?) ON CONFLICT DO NOTHING").execute(
        arguments: [id, position, layer.chain.description])
    }
    for reference in image.references { try name(image.id, reference, manifest: image.manifest.digest, now: now) }
  }

  /// Gives an image a name, in place of the image that had it.
  /// - Parameter index: what the name stands for, when that is an index.
  func name(_ image: ImageID, _ reference: Reference, manifest: Digest, index: Digest? = nil, now: Int64) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO image_name (name, repository, image, manifest, target) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET image = excluded.image, manifest = excluded.manifest, target = excluded.target
        """
    ).execute(arguments: [reference.description, reference.name, image.description, manifest.description, index?.description])
    try database.cachedStatement(sql: "UPDATE image SET tagged = ? WHERE id = ?").execute(arguments: [now, image.description])
  }

  /// Somebody has just had a use for an image.
  func touch(_ image: ImageID, now: Int64) throws {
    try database.cachedStatement(sql: "UPDATE image SET used = ? WHERE id = ?").execute(arguments: [now, image.description])
  }

  func unname(_ reference: Reference) throws {
    try database.cachedStatement(sql: "DELETE FROM image_name WHERE name = ?").execute(arguments: [reference.description])
  }

  /// Forgets an image and its own names; the layers that nothing needs any more are forgotten too.
  /// - Returns: the blobs that it needed, and the layers that are gone, topmost first.
  func delete(_ image: ImageID) throws -> (blobs: [Digest], layers: [Digest]) {
    let id = image.description
    let blobs = try digests("SELECT digest FROM image_blob WHERE image = ?", [id])
    let chains = try digests("SELECT chain FROM image_layer WHERE image = ? ORDER BY position DESC", [id])
    try database.cachedStatement(sql: "DELETE FROM image_name WHERE image = ?").execute(arguments: [id])
    try database.cachedStatement(sql: "DELETE FROM image WHERE id = ?").execute(arguments: [id])
    return (blobs, try chains.filter(forgetLayer))
  }

  /// - Returns: whether nothing needed it.
  func forgetLayer(_ chain: Digest) throws -> Bool {
    guard try !needsLayer(chain) else { return false }
    try database.cachedStatement(sql: "DELETE FROM layer WHERE chain = ?").execute(arguments: [chain.description])
    return true
  }

  // MARK: Asking

  func needsLayer(_ chain: Digest) throws -> Bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM image_layer WHERE chain = ?1) OR EXISTS (SELECT 1 FROM layer_hold WHERE chain = ?1)"
    return try Bool.fetchOne(database.cachedStatement(sql: sql), arguments: [chain.description]) ?? false
  }

  func needsBlob(_ digest: Digest) throws -> Bool {
    let sql = """
      SELECT EXISTS (SELECT 1 FROM image_blob WHERE digest = ?1) OR EXISTS (SELECT 1 FROM document_blob WHERE digest = ?1)
        OR EXISTS (SELECT 1 FROM build_step WHERE blob = ?1)
      """
    return try Bool.fetchOne(database.cachedStatement(sql: sql), arguments: [digest.description]) ?? false
  }

  func image(named reference: Reference) throws -> (image: ImageID, manifest: Digest)? {
    let row = try Row.fetchOne(
      database.cachedStatement(sql: "SELECT image, manifest FROM image_name WHERE name = ?"), arguments: [reference.description])
    return try row.map { (try digest($0[0]), try digest($0[1])) }
  }

  func exists(_ image: ImageID) throws -> Bool {
    try Bool.fetchOne(database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM image WHERE id = ?)"), arguments: [image.description]) ?? false
  }

  /// The manifest that an image came with; `nil`: there is no such image.
  func manifest(of image: ImageID) throws -> Digest? { try digests("SELECT manifest FROM image WHERE id = ?", [image.description]).first }

  /// The one image whose ID begins with `prefix`; `nil` when there is none or more than one.
  func image(prefix: String) throws -> ImageID? {
    let text = prefix.hasPrefix("sha256:") ? prefix : "sha256:" + prefix
    guard text.utf8.count > 7, text.utf8.dropFirst(7).allSatisfy(Digest.isHexDigit) else { return nil }
    // ':' + 1 is ';': everything that begins with the prefix lies before the prefix and a letter behind 'f'.
    let found = try digests("SELECT id FROM image WHERE id >= ? AND id < ? LIMIT 2", [text, text + "g"])
    return found.count == 1 ? found[0] : nil
  }

  func children(of image: ImageID) throws -> [ImageID] { try digests("SELECT id FROM image WHERE parent = ?", [image.description]) }

  /// Names that stand for it, and names of indexes that it is in.
  func references(of image: ImageID) throws -> [Reference] {
    let sql = """
      SELECT name FROM image_name WHERE image = ?1
      UNION SELECT name FROM manifest JOIN document_image ON document_image.manifest = manifest.digest
        JOIN image_name ON target = document WHERE manifest.image = ?1
      ORDER BY name
      """
    return try String.fetchAll(database.cachedStatement(sql: sql), arguments: [image.description]).map(reference)
  }

  /// The tags of a repository, with what they point at.
  func names(inRepository name: String) throws -> [(reference: Reference, image: ImageID, manifest: Digest)] {
    let rows = try Row.fetchAll(
      database.cachedStatement(sql: "SELECT name, image, manifest FROM image_name WHERE repository = ? ORDER BY name"), arguments: [name])
    return try rows.map { (try reference($0[0]), try digest($0[1]), try digest($0[2])) }
  }

  func allImages() throws -> [ImageID] { try digests("SELECT id FROM image ORDER BY created DESC, id", []) }

  func chains(of image: ImageID) throws -> [Digest] {
    try digests("SELECT chain FROM image_layer WHERE image = ? ORDER BY position", [image.description])
  }

  func layers(of image: ImageID) throws -> [LayerInfo] {
    let sql = "SELECT chain, diff_id, size FROM image_layer JOIN layer USING (chain) WHERE image = ? ORDER BY position"
    return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [image.description]).map(layer)
  }

  /// Bytes of all layers.
  func layersSize() throws -> Int64 { try Int64.fetchOne(database.cachedStatement(sql: "SELECT coalesce(sum(size), 0) FROM layer")) ?? 0 }

  // MARK: Reading rows

  func digests(_ sql: String, _ arguments: StatementArguments) throws -> [Digest] {
    try String.fetchAll(database.cachedStatement(sql: sql), arguments: arguments).map(digest)
  }

  func layer(_ row: Row) throws -> LayerInfo { LayerInfo(chain: try digest(row[0]), diffID: try digest(row[1]), size: row[2]) }
  func digest(_ text: String) throws -> Digest { try Digest(text) }
  func reference(_ text: String) throws -> Reference { try Reference(text) }
}
