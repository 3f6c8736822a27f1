// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

/// An image all of whose names are in one repository, and what only it needs.
package struct RepositoryImage: Sendable, Hashable {
  package var record: ImageRecord
  /// Bytes of unpacked layers that no other image, container or build step has.
  package var layers: Int64
  /// Bytes of blobs that nothing else needs.
  package var blobs: Int64
  /// A container is made from it.
  package var isHeld: Bool
}

extension ImageStore {
  /// The images that have names in a repository and nowhere else.
  package func images(onlyIn repository: Reference) throws(HullError) -> [RepositoryImage] {
    let found = try database.read("look up the images of \(repository.familiar)") { database in
      let catalog = Catalog(database: database)
      let ids = try String.fetchAll(
        database.cachedStatement(sql: "SELECT DISTINCT image FROM image_name WHERE repository = ?"), arguments: [repository.name])
      return try ids.compactMap { try catalog.own(try catalog.digest($0), configs) }
    }
    return found.filter { own in (own.image.record.tags + own.image.record.digests).allSatisfy { $0.name == repository.name } }.map { own in
      var image = own.image
      image.blobs = own.blobs.reduce(0) { $0 + (blobs.size(of: $1) ?? 0) }
      return image
    }
  }
}

extension Catalog {
  /// An image with its own layers' bytes, and the digests of the blobs that nothing else needs.
  fileprivate func own(_ id: ImageID, _ configs: ConfigCache) throws -> (image: RepositoryImage, blobs: [Digest])? {
    guard let record = try record(id, configs) else { return nil }
    let layers = """
      SELECT coalesce(sum(size), 0) FROM layer WHERE chain IN (SELECT chain FROM image_layer WHERE image = :id)
      AND NOT EXISTS (SELECT 1 FROM image_layer AS other WHERE other.chain = layer.chain AND other.image <> :id)
      AND NOT EXISTS (SELECT 1 FROM layer_hold WHERE layer_hold.chain = layer.chain)
      """
    let blobs = """
      SELECT digest FROM image_blob WHERE image = :id
      AND NOT EXISTS (SELECT 1 FROM image_blob AS other WHERE other.digest = image_blob.digest AND other.image <> :id)
      AND NOT EXISTS (SELECT 1 FROM build_step WHERE build_step.blob = image_blob.digest)
      AND NOT EXISTS (SELECT 1 FROM document_blob WHERE document_blob.digest = image_blob.digest)
      """
    let held = """
      SELECT EXISTS (SELECT 1 FROM layer_hold WHERE holder NOT LIKE 'step:%'
      AND chain = (SELECT chain FROM image_layer WHERE image = :id ORDER BY position DESC LIMIT 1))
      """
    let arguments: StatementArguments = ["id": id.description]
    let image = RepositoryImage(
      record: record, layers: try Int64.fetchOne(database.cachedStatement(sql: layers), arguments: arguments) ?? 0, blobs: 0,
      isHeld: try Bool.fetchOne(database.cachedStatement(sql: held), arguments: arguments) ?? false)
    return (image, try digests(blobs, arguments))
  }
}
