// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import GRDB
import Layers
import OCISpec

extension ImageStore {
  /// Why something is kept. Containers that use an image are the caller's to add: the store knows only who holds layers.
  /// - Parameter text: an image's name or ID, a layer's chain ID or diff ID, a blob's digest, or the beginning of any of them that is not
  ///   that of another too. What is both an image and a blob (a configuration) counts as the image, a layer goes before the blob.
  /// - Throws: `notFound`; `invalidArgument` for a beginning of several.
  package func why(_ text: String) throws(HullError) -> KeptObject {
    let digest = try object(text)
    if let image = try database.read("look up \(text)", { try Catalog(database: $0).record(digest, configs) }) { return try why(image) }
    let layers = try database.read("look up \(text)") { try Catalog(database: $0).layers(called: digest) }
    return try layers.isEmpty ? why(blob: digest) : why(digest, layers)
  }

  private func why(_ image: ImageRecord) throws(HullError) -> KeptObject {
    var reasons = try database.read("look up image \(image.id)") { database -> [KeepReason] in
      let catalog = Catalog(database: database)
      let own = Set(try catalog.names(of: image.id))
      let names = (image.tags + image.digests).map { name in
        KeepReason(!own.contains(name) ? .index : name.tag == nil ? .digest : .tag, name.familiar)
      }
      return names + (try catalog.children(of: image.id).map { KeepReason(.child, try catalog.shownName(of: $0)) })
    }
    if isClaimed(image) { reasons.append(.operation) }
    return KeptObject(object: image.id, kind: .image, size: image.size, reasons: reasons)
  }

  private func why(_ digest: Digest, _ layers: [LayerInfo]) throws(HullError) -> KeptObject {
    var reasons = try database.read("look up layer \(digest)") { database -> [KeepReason] in
      let catalog = Catalog(database: database)
      return try layers.flatMap { layer in
        try catalog.images(withLayer: layer.chain).map { KeepReason(.image, try catalog.shownName(of: $0)) }
          + catalog.holders(of: layer.chain).map { try catalog.stepName(of: $0).map { KeepReason(.step, $0) } ?? KeepReason(.container, $0) }
      }
    }
    if claims.isHeld(blobs: [], chains: layers.map(\.chain)) { reasons.append(.operation) }
    return KeptObject(object: digest, kind: .layer, size: layers.reduce(0) { $0 + $1.size }, reasons: Array(Set(reasons)))
  }

  private func why(blob: Digest) throws(HullError) -> KeptObject {
    var reasons = try database.read("look up blob \(blob)") { database -> [KeepReason] in
      let catalog = Catalog(database: database)
      return try catalog.images(withBlob: blob).map { KeepReason(.image, try catalog.shownName(of: $0)) } + catalog.documentReasons(for: blob)
        + catalog.stepNames(withBlob: blob).map { KeepReason(.step, $0) }
    }
    let download = try blobs.downloads().first { $0.digest == blob }
    if claims.isHeld(blobs: [blob], chains: []) { reasons.append(.operation) }
    if let download { reasons.append(KeepReason(.download, download.isRunning ? "is going on" : "was cut: the next pull goes on with it")) }
    return KeptObject(object: blob, kind: .blob, size: blobs.size(of: blob) ?? download?.bytes ?? 0, reasons: reasons)
  }

  /// An operation brings the image in, or reads it.
  func isClaimed(_ image: ImageRecord) -> Bool {
    claims.isHeld(blobs: [image.id, image.manifest.digest], chains: Array(LayerStore.chains(image.diffIDs).suffix(1)))
  }

  // MARK: What is meant

  private func object(_ text: String) throws(HullError) -> Digest {
    let name = try? ImageName(text)
    let found = try database.read("look up \(text)") { database -> Digest? in
      let catalog = Catalog(database: database)
      // A manifest's digest means the manifest here.
      if case .id(let id)? = name { return try catalog.exists(id) ? id : nil }
      return try name.flatMap { try catalog.lookUp($0)?.image }
    }
    if let found { return found }
    let candidates = try self.candidates(text)
    guard let only = candidates.first else {
      throw HullError(.notFound, "No such object: \(text): it is neither an image nor a layer nor a blob of this engine")
    }
    guard candidates.count == 1 else {
      let shown = candidates.sorted().prefix(4).map(\.short).joined(separator: ", ")
      throw HullError(.invalidArgument, "\(text) is the beginning of \(candidates.count) objects (\(shown)): give more of its digits")
    }
    return only
  }

  private func candidates(_ text: String) throws(HullError) -> Set<Digest> {
    let prefix = text.hasPrefix("sha256:") ? text : "sha256:" + text
    guard prefix.utf8.count > 7, prefix.utf8.dropFirst(7).allSatisfy(Digest.isHexDigit) else { return [] }
    let rows = try database.read("look up \(text)") { try Catalog(database: $0).everything(from: prefix) }
    let files = try blobs.all() + blobs.downloads().map(\.digest)
    return Set(rows + files.filter { $0.description.hasPrefix(prefix) })
  }
}

extension KeepReason {
  fileprivate static let operation = KeepReason(.operation, "is under way")
}

extension Catalog {
  /// The names that stand for an image itself.
  fileprivate func names(of image: ImageID) throws -> [Reference] {
    try String.fetchAll(database.cachedStatement(sql: "SELECT name FROM image_name WHERE image = ?"), arguments: [image.description]).map(reference)
  }

  /// By chain ID or diff ID.
  fileprivate func layers(called digest: Digest) throws -> [LayerInfo] {
    let sql = "SELECT chain, diff_id, size FROM layer WHERE chain = ?1 OR diff_id = ?1"
    return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [digest.description]).map(layer)
  }

  func holders(of chain: Digest) throws -> [String] {
    try String.fetchAll(
      database.cachedStatement(sql: "SELECT DISTINCT holder FROM layer_hold WHERE chain = ? ORDER BY holder"), arguments: [chain.description])
  }

  func images(withLayer chain: Digest) throws -> [ImageID] { try digests("SELECT image FROM image_layer WHERE chain = ?", [chain.description]) }

  func images(withBlob blob: Digest) throws -> [ImageID] { try digests("SELECT image FROM image_blob WHERE digest = ?", [blob.description]) }

  /// Indexes and referrers that need a blob; indexes by their names.
  func documentReasons(for blob: Digest) throws -> [KeepReason] {
    let sql = "SELECT document.digest, subject FROM document_blob JOIN document ON document.digest = document WHERE document_blob.digest = ?"
    return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: [blob.description]).flatMap { row -> [KeepReason] in
      let (document, subject): (String, String?) = (row[0], row[1])
      if subject != nil { return [KeepReason(.referrer, document)] }
      let names = try String.fetchAll(
        database.cachedStatement(sql: "SELECT name FROM image_name WHERE target = ? ORDER BY name"), arguments: [document]
      ).map(
        reference)
      return names.isEmpty ? [KeepReason(.index, document)] : names.map { KeepReason(.index, $0.familiar) }
    }
  }

  /// As people know it: a tag where there is one.
  func shownName(of image: ImageID) throws -> String {
    let names = try references(of: image)
    return (names.first { $0.tag != nil } ?? names.first)?.familiar ?? image.description
  }

  fileprivate func everything(from prefix: String) throws -> [Digest] {
    let sql = ["id FROM image WHERE id", "chain FROM layer WHERE chain", "diff_id FROM layer WHERE diff_id"]
    return try sql.flatMap { try digests("SELECT \($0) >= ?1 AND substr(\($0.split(separator: " ")[0]), 1, length(?1)) = ?1", [prefix]) }
  }
}
