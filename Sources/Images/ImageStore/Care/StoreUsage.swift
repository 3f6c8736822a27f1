// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

/// What the store takes of its disk, in bytes.
package struct StoreUsage: Sendable, Hashable {
  /// Of blobs as they were received: compressed layers, configurations, manifests.
  package var content: Int64
  /// Of blobs that have come in in part.
  package var downloads: Int64
  /// Of unpacked layers' files.
  package var layers: Int64
  /// Of blobs and layers that only the build cache needs: neither of the others has them.
  package var cache: Int64

  package var total: Int64 { content + downloads + layers + cache }
}

extension ImageStore {
  package func usage() throws(HullError) -> StoreUsage {
    let content = try blobs.all().reduce(0) { $0 + (blobs.size(of: $1) ?? 0) }
    let cache = try database.read("look up the build cache") { try Catalog(database: $0).cacheSizes() }
    return StoreUsage(
      content: content - cache.blobs, downloads: try blobs.downloads().reduce(0) { $0 + $1.bytes }, layers: try layersSize() - cache.layers,
      cache: cache.layers + cache.blobs)
  }

  /// Bytes of all unpacked layers.
  package func layersSize() throws(HullError) -> Int64 { try database.read("look up layers") { try Catalog(database: $0).layersSize() } }

  /// Bytes of each image's layers that other images have too (`docker system df -v`); images that share nothing are left out.
  package func sharedSizes() throws(HullError) -> [ImageID: Int64] {
    let sql = """
      SELECT image, sum(size) FROM image_layer JOIN layer USING (chain)
      WHERE chain IN (SELECT chain FROM image_layer GROUP BY chain HAVING count(*) > 1) GROUP BY image
      """
    return try database.read("look up layers") { database in
      let catalog = Catalog(database: database)
      return try Dictionary(uniqueKeysWithValues: Row.fetchAll(database.cachedStatement(sql: sql)).map { (try catalog.digest($0[0]), $0[1]) })
    }
  }
}
