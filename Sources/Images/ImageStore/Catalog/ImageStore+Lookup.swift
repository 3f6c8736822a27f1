// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

extension ImageStore {
  /// By reference, whole ID or unambiguous ID prefix. Throws `notFound` with Docker's `No such image: x:latest`.
  /// - Parameter platform: which image, of a name that stands for several; `nil`: the one for this machine.
  package func resolve(_ name: String, platform: Platform? = nil) throws(HullError) -> ImageRecord {
    try find(name, platform: platform).record
  }

  /// What goes under a name in a registry: the index or the manifest that it stands for.
  package func target(_ name: String) throws(HullError) -> Descriptor { try find(name).target }

  /// What a name stands for.
  package struct Found: Sendable {
    package let record: ImageRecord
    let manifest: Descriptor
    /// The index that the name stands for.
    let index: Descriptor?

    /// What goes under the name in a registry.
    package var target: Descriptor { index ?? manifest }
  }

  /// The image, the manifest and the index that the name stands for; see `resolve`.
  package func find(_ name: String, platform: Platform? = nil) throws(HullError) -> Found {
    let wanted = try ImageName(name)
    let found = try database.read("look up image \(name)") { database -> Found? in
      let catalog = Catalog(database: database)
      guard let named = try catalog.lookUp(wanted) else { return nil }
      let (id, manifest) = try catalog.variant(of: named, for: platform)
      guard let record = try catalog.record(id, configs) else { return nil }
      return Found(
        record: record, manifest: try manifest.flatMap(catalog.manifest) ?? record.manifest, index: try named.reference.flatMap(catalog.index))
    }
    guard let found else { throw HullError(.notFound, "No such image: \(wanted.shown)") }
    if let platform, found.record.config.platform.distance(to: platform) == nil {
      throw HullError(
        .notFound,
        "image with reference \(wanted.shown) was found but does not match the specified platform: wanted \(platform), actual: "
          + "\(found.record.config.platform)")
    }
    return found
  }

  /// Newest first.
  package func list(_ filter: ImageFilter = ImageFilter()) throws(HullError) -> [ImageRecord] {
    let bounds = try bounds(filter)
    let records = try database.read("list the images") { database in
      let catalog = Catalog(database: database)
      return try catalog.allImages().compactMap { try catalog.record($0, configs) }
    }
    let parents = Set(records.compactMap(\.parent))
    return records.compactMap { record in
      guard filter.matches(record, bounds, hasChildren: parents.contains(record.id)) else { return nil }
      return filter.references.isEmpty ? record : record.keeping { filter.matchesReference($0) }
    }
  }

  /// Newest step first.
  package func history(_ name: String, platform: Platform? = nil) throws(HullError) -> [HistoryLine] {
    let record = try resolve(name, platform: platform)
    let (sizes, ancestors) = try database.read("look up image \(name)") { database -> ([Int64], [ImageRecord]) in
      let catalog = Catalog(database: database)
      var ancestors = [record]
      while let parent = ancestors.last?.parent, let next = try catalog.record(parent, configs) { ancestors.append(next) }
      return (try catalog.layers(of: record.id).map(\.size), ancestors)
    }
    var layer = 0
    var lines: [HistoryLine] = []
    for step in record.config.history {
      var size: Int64 = 0
      if step.emptyLayer != true {
        guard layer < sizes.count else { throw HullError(.internalError, "too many non-empty layers in History section") }
        size = sizes[layer]
        layer += 1
      }
      lines.append(HistoryLine(step, size: size))
    }
    lines.reverse()
    for (index, image) in ancestors.enumerated() where index < lines.count {
      lines[index].id = image.id.description
      lines[index].tags = image.tags.map(\.familiar)
    }
    return lines
  }

  /// `docker tag`: moves the name when it is taken.
  /// - Returns: the image's ID.
  @discardableResult
  package func tag(_ source: String, as target: Reference) throws(HullError) -> ImageID {
    guard target.digest == nil else { throw HullError(.invalidArgument, "refusing to create a tag with a digest reference") }
    guard target.familiarName != "sha256" else {
      throw HullError(.invalidArgument, "refusing to create an ambiguous tag using digest algorithm as name")
    }
    let found = try find(source)
    let (record, manifest) = (found.record, found.manifest)
    return try database.write("tag image \(source)") { database in
      let catalog = Catalog(database: database)
      // It may have been removed since it was looked up.
      guard try catalog.exists(record.id), try catalog.manifest(manifest.digest) != nil else {
        throw HullError(.notFound, "No such image: \(source)")
      }
      try catalog.name(record.id, target.withDefaultTag, manifest: manifest.digest, index: found.index?.digest, now: ImageStore.now())
      return record.id
    }
  }
}

/// What a client may call an image.
enum ImageName {
  case id(Digest)
  /// A reference; the text may also be the beginning of an ID.
  case reference(Reference, text: String)

  init(_ text: String) throws(HullError) {
    if let id = try? Digest(text) {
      self = .id(id)
    } else if text.utf8.count == 64, let id = try? Digest("sha256:\(text)") {
      self = .id(id)
    } else {
      self = .reference(try Reference(text), text: text)
    }
  }

  /// As Docker names it in messages.
  var shown: String {
    switch self {
    case .id(let id): id.description
    case .reference(let reference, _): reference.withDefaultTag.familiar
    }
  }
}

/// An image that a name stands for.
struct NamedImage {
  let image: ImageID
  /// When it was asked for by name.
  var manifest: Digest?
  var reference: Reference?
}

extension Catalog {
  func lookUp(_ name: ImageName) throws -> NamedImage? {
    switch name {
    case .id(let id): return try exists(id) ? NamedImage(image: id) : byManifest(id)
    case .reference(let reference, let text):
      // With both a tag and a digest only the digest counts: what a tag means may have changed.
      let key = reference.digest.map(reference.with(digest:)) ?? reference.withDefaultTag
      if let (image, manifest) = try image(named: key) { return NamedImage(image: image, manifest: manifest, reference: key) }
      return try image(prefix: text).map { NamedImage(image: $0) }
    }
  }

  /// The image of a manifest, or of an index the one that suits this machine: builders name results by these.
  private func byManifest(_ digest: Digest) throws -> NamedImage? {
    let owner = try String.fetchOne(database.cachedStatement(sql: "SELECT image FROM manifest WHERE digest = ?"), arguments: [digest.description])
    if let owner { return NamedImage(image: try Digest(owner), manifest: digest) }
    return try variants(of: digest).best(for: .host).map { NamedImage(image: $0.image, manifest: $0.manifest) }
  }

  /// The image of the same index for another platform, where there is one.
  func variant(of named: NamedImage, for platform: Platform?) throws -> (ImageID, Digest?) {
    guard let platform, let reference = named.reference, let index = try index(named: reference),
      let best = try variants(of: index.digest).best(for: platform)
    else { return (named.image, named.manifest) }
    return (best.image, best.manifest)
  }

  func manifest(_ digest: Digest) throws -> Descriptor? {
    let row = try Row.fetchOne(
      database.cachedStatement(sql: "SELECT media_type, size FROM manifest WHERE digest = ?"), arguments: [digest.description])
    return row.map { Descriptor(mediaType: $0[0], digest: digest, size: $0[1]) }
  }
}

extension HistoryLine {
  fileprivate init(_ step: ImageConfig.History, size: Int64) {
    self.init(
      id: "<missing>", created: RFC3339.parse(step.created ?? "")?.seconds ?? 0, createdBy: step.createdBy ?? "", comment: step.comment ?? "",
      tags: [], size: size)
  }
}
