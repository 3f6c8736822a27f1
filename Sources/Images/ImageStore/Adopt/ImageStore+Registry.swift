// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

/// What is known of registries: a reference by digest says that a repository has what it names.
extension ImageStore {
  /// Writes down that a registry has content under a digest.
  package func note(_ reference: Reference, as content: ImageContent) throws(HullError) {
    try database.write("record \(reference.familiar)") { database in
      let catalog = Catalog(database: database)
      guard try catalog.exists(content.image) else { return }
      let isIndex = MediaType.isIndex(content.root.mediaType)
      let manifest = isIndex ? try catalog.record(content.image, configs)?.manifest.digest : content.root.digest
      guard let manifest, try catalog.manifest(manifest) != nil else { return }
      try catalog.name(content.image, reference, manifest: manifest, index: isIndex ? content.root.digest : nil, now: ImageStore.now())
    }
  }

  /// The tags of a repository (`docker push --all-tags`).
  package func tags(inRepository reference: Reference) throws(HullError) -> [Reference] {
    try database.read("look up the tags of \(reference.familiarName)") { database in
      try Catalog(database: database).names(inRepository: reference.name).map(\.reference).filter { $0.tag != nil }
    }
  }

  /// Repositories of the same registry that are likely to have a blob: those that images with it came from or went to. At most four each,
  /// the nearest first: whoever may push to a repository may most likely read its neighbours.
  package func repositories(with blobs: [Digest], besides reference: Reference) throws(HullError) -> [Digest: [Reference]] {
    let sql = """
      SELECT DISTINCT repository FROM image_blob JOIN image_name USING (image)
      WHERE digest = ? AND name LIKE repository || '@%' AND repository LIKE ? AND repository <> ?
      """
    return try database.read("look up repositories") { database in
      var found: [Digest: [Reference]] = [:]
      for blob in blobs {
        let names = try String.fetchAll(database.cachedStatement(sql: sql), arguments: [blob.description, reference.domain + "/%", reference.name])
        let nearest = names.map { ($0, $0.commonPrefix(with: reference.name).utf8.count) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        found[blob] = try nearest.prefix(4).map { name, _ in try Reference(name) }
      }
      return found
    }
  }
}

extension String {
  fileprivate func commonPrefix(with other: String) -> Substring {
    self[..<(zip(indices, zip(self, other)).first { $0.1.0 != $0.1.1 }?.0 ?? index(startIndex, offsetBy: min(count, other.count)))]
  }
}
