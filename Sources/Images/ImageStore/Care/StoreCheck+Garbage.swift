// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Layers
import OCISpec

/// What belongs to nothing.
extension StoreCheck {
  mutating func garbage() throws(HullError) {
    let (blobs, layers) = (store.blobs, store.layers)
    for name in try blobs.strangers() { try remove("content/\(name)") { () throws(HullError) in try blobs.removeStranger(name) } }
    for name in try layers.strangers() { try remove("layers/\(name)") { () throws(HullError) in try layers.removeStranger(name) } }
    try unneeded()
    try oldDownloads()
  }

  /// - Parameter body: takes it away; says whether it is gone, `false` when somebody has begun to use it.
  private mutating func remove(_ path: String, _ body: () throws(HullError) -> Bool) throws(HullError) {
    let usage = TreeUsage(ofAnything: "\(store.root)/\(path)")
    guard let usage else { return }
    if options.mend, try !body() { return }
    report.problems.append(StoreProblem(path, "belongs to nothing", bytes: usage.content, mended: options.mend, fix: options.mend ? "" : mendFix))
  }

  /// Blobs and layers without a row that needs them, and rows of layers that nothing needs.
  private mutating func unneeded() throws(HullError) {
    let rows = try store.database.read("look up layers") { try Catalog(database: $0).unneededLayers() }
    if options.mend, !rows.isEmpty {
      _ = try store.database.write("forget layers") { database in try rows.filter(Catalog(database: database).forgetLayer) }
    }
    let (blobs, chains) = (try store.blobs.all(), try store.layers.all())
    // What a removal has forgotten it will take away itself.
    let lost = try store.removing.with { (_) throws(HullError) in
      try options.mend ? store.claims.collect(blobs: blobs, chains: chains) : store.claims.unneeded(blobs: blobs, chains: chains)
    }
    func problem(_ object: String, _ bytes: Int64) -> StoreProblem {
      StoreProblem(object, "no image needs it", bytes: bytes, mended: options.mend, fix: options.mend ? "" : mendFix)
    }
    report.problems += lost.blobs.sorted { $0.key < $1.key }.map { problem("blob \($0.key)", $0.value) }
    report.problems += lost.layers.sorted { $0.key < $1.key }.map { problem("layer \($0.key)", $0.value) }
    for row in rows where lost.layers[row] == nil { report.problems.append(problem("layer \(row)", 0)) }
  }

  /// A download that was cut is kept for a day, so that it can go on.
  private mutating func oldDownloads() throws(HullError) {
    for download in try store.blobs.downloads() where !download.isRunning && download.isExpired(at: ImageStore.now() / 1_000_000_000) {
      guard !options.mend || store.blobs.forgetDownload(download.digest) else { continue }
      report.problems.append(
        StoreProblem(
          "blob \(download.digest)", "its download was cut more than a day ago", bytes: download.bytes, mended: options.mend,
          fix: options.mend ? "" : "check with mend, or pull again to go on with it"))
    }
  }

  private var mendFix: String { "check with mend" }
}

extension ContentStore.CutDownload {
  /// seconds
  private static let patience: Int64 = 24 * 3600

  /// - Parameter now: seconds since 1970.
  func isExpired(at now: Int64) -> Bool { now - changed > Self.patience }
}

extension Catalog {
  /// Rows of layers that no image and no container has.
  fileprivate func unneededLayers() throws -> [Digest] {
    let sql = """
      SELECT chain FROM layer WHERE NOT EXISTS (SELECT 1 FROM image_layer WHERE image_layer.chain = layer.chain)
        AND NOT EXISTS (SELECT 1 FROM layer_hold WHERE layer_hold.chain = layer.chain)
      """
    return try digests(sql, [])
  }
}
