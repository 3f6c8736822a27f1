// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import GRDB
import OCISpec

/// Blobs that rows speak of.
extension StoreCheck {
  mutating func checkBlobs() throws(HullError) {
    let needed = try store.database.read("look up blobs") { try Catalog(database: $0).neededBlobs() }
    for blob in needed {
      guard let size = store.blobs.size(of: blob) else {
        try report(blob, "is missing", size: 0)
        continue
      }
      report.blobs += 1
      report.files += 1
      report.bytes += size
      guard options.deep, let found = try digest(of: blob), found != blob else { continue }
      try report(blob, "is damaged: its content is \(found)", size: size)
    }
  }

  /// - Returns: `nil` when it has gone meanwhile.
  private func digest(of blob: Digest) throws(HullError) -> Digest? {
    do throws(HullError) {
      let hash = SHA256()
      let chunks = BufferedChunks(try store.blobs.source(blob), size: 1 << 20)
      while let chunk = try chunks.next() { hash.update(chunk) }
      return hash.finish()
    } catch {
      guard error.code != .notFound else { return nil }
      throw error
    }
  }

  private mutating func report(_ blob: Digest, _ problem: String, size: Int64) throws(HullError) {
    let needed = try store.database.read("look up blob \(blob)") { database in
      let catalog = Catalog(database: database)
      return (
        blob: try catalog.needsBlob(blob), images: try catalog.images(withBlob: blob),
        config: try Data.fetchOne(database.cachedStatement(sql: "SELECT config FROM image WHERE id = ?"), arguments: [blob.description]).map(
          Array.init
        )
        .flatMap { SHA256.digest(of: $0) == blob ? $0 : nil },
        names: try catalog.documentReasons(for: blob).map(\.name)
      )
    }
    // Its image may have been removed meanwhile.
    guard needed.blob else { return }
    if options.mend, let config = needed.config {
      try store.blobs.remove(blob)
      try store.blobs.put(config)
      report.problems.append(StoreProblem("blob \(blob)", problem, bytes: size, mended: true))
      return
    }
    var fix = try refetch(needed.images)
    if needed.images.isEmpty, let name = needed.names.first { fix = "docker pull \(name)" }
    // A pull takes what is there for right when its size is.
    if size > 0 {
      if !options.mend { fix = "\(StoreProblem.mend) to take it away, then \(fix)" } else { try store.claims.setAside(blob) }
    }
    if needed.config != nil, !options.mend { fix = StoreProblem.mend }
    report.problems.append(StoreProblem("blob \(blob)", problem, bytes: size, fix: fix))
  }
}

extension Catalog {
  fileprivate func neededBlobs() throws -> [Digest] {
    try digests(
      "SELECT digest FROM image_blob UNION SELECT digest FROM document_blob UNION SELECT blob FROM build_step WHERE blob IS NOT NULL ORDER BY 1", [])
  }
}
