// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

extension ImageStore {
  /// `docker rmi`, with Docker's conflicts: a name goes first, the image with its last name, and with `prune` its untagged parents too.
  /// - Parameter holders: the containers that use an image.
  package func remove(
    _ name: String, force: Bool, prune: Bool = true, holders: @escaping (ImageID) -> [ImageHolder]
  ) throws(HullError) -> [Removal] {
    try removeCounting(name, force: force, prune: prune, holders: holders).removals
  }

  /// The same, with the bytes that it has freed: of layers and of blobs.
  private func removeCounting(
    _ name: String, force: Bool, prune: Bool = true, holders: @escaping (ImageID) -> [ImageHolder]
  ) throws(HullError) -> (removals: [Removal], reclaimed: Int64) {
    try removing.with { (_) throws(HullError) in
      var removal = RemovalRun(store: self, holders: holders)
      do throws(HullError) {
        try removal.remove(name, force: force, prune: prune)
      } catch {
        _ = try? removal.collect()
        throw error
      }
      let collected = try removal.collect()
      return (removal.done, collected.bytes)
    }
  }

  /// Takes an image away with all its names, unless something needs it.
  /// - Returns: what was removed and the bytes of disk that this freed; nothing, when it is in use.
  func removeWhole(_ record: ImageRecord, holders: @escaping (ImageID) -> [ImageHolder]) throws(HullError) -> (removals: [Removal], reclaimed: Int64)
  {
    var (removals, reclaimed): ([Removal], Int64) = ([], 0)
    let names = record.tags + record.digests
    for name in names.isEmpty ? [record.id.hex] : names.map(\.description) {
      do throws(HullError) {
        let step = try removeCounting(name, force: false, holders: holders)
        removals += step.removals
        reclaimed += step.reclaimed
      } catch {
        // In use, or somebody else was faster.
        guard error.code == .conflict || error.code == .notFound else { throw error }
      }
    }
    return (removals, reclaimed)
  }

  /// `docker image prune`: dangling images (or, with `dangling: false` in the filter, all) that no container uses.
  /// - Returns: what was removed and the bytes of disk that this freed: of unpacked layers and of blobs.
  package func prune(_ filter: ImageFilter, holders: @escaping (ImageID) -> [ImageHolder]) throws(HullError) -> (
    removals: [Removal], reclaimed: Int64
  ) {
    let danglingOnly = filter.dangling ?? true
    var filter = filter
    filter.dangling = nil
    var (removals, reclaimed): ([Removal], Int64) = ([], 0)
    for record in try list(filter) where record.tags.isEmpty || !danglingOnly {
      // What a container uses keeps all of its names, not only the last.
      guard holders(record.id).isEmpty else { continue }
      let step = try removeWhole(record, holders: holders)
      removals += step.removals
      reclaimed += step.reclaimed
    }
    return (removals, reclaimed)
  }
}

/// One `docker rmi`, step by step.
private struct RemovalRun {
  let store: ImageStore
  let holders: (ImageID) -> [ImageHolder]
  private(set) var done: [Removal] = []
  private var lostBlobs: [Digest] = []
  private var lostChains: [Digest] = []

  init(store: ImageStore, holders: @escaping (ImageID) -> [ImageHolder]) {
    self.store = store
    self.holders = holders
  }

  /// Files go when their rows are gone.
  func collect() throws(HullError) -> Collected { try store.claims.collect(blobs: Array(Set(lostBlobs)), chains: lostChains) }

  mutating func remove(_ name: String, force: Bool, prune: Bool) throws(HullError) {
    let record = try store.resolve(name)
    let references = record.tags + record.digests
    let variants = try variants(besides: record, name)
    var quiet = false
    if isID(record.id, name), record.isOnlyVariant {
      // The index and its other images keep their names.
    } else if isID(record.id, name) {
      // By ID, all names go at once, but only when they belong together.
      if RemovalRun.isSingle(references) {
        if let conflict = try conflict(record.id, force: force, references: false) { throw conflict.error(record.id) }
        for reference in references { try untag(reference) }
      }
    } else {
      if !force, RemovalRun.isSingle(references), let holder = holders(record.id).first {
        throw HullError(
          .conflict,
          "conflict: unable to remove repository reference \"\(name)\" (must force) - container \(holder.short) is using its referenced image \(record.id.short)"
        )
      }
      guard try !untagKeepsImage(name, references) else { return }
      quiet = true
    }
    try delete(record.id, force: force, prune: prune, quiet: quiet)
    for variant in variants where try self.record(variant)?.isDangling == true { try delete(variant, force: force, prune: prune, quiet: true) }
  }

  /// The images for other platforms that go with a name.
  private func variants(besides record: ImageRecord, _ name: String) throws(HullError) -> [ImageID] {
    guard !(isID(record.id, name) && record.isOnlyVariant) else { return [] }
    return try store.database.read("look up image \(name)") { database in
      let catalog = Catalog(database: database)
      let variants = try catalog.indexes(with: record.id).flatMap { try catalog.variants(of: $0) }
      return Array(Set(variants.map(\.image)).subtracting([record.id]))
    }
  }

  /// Takes one name away, and with the last tag of a repository its digests.
  /// - Returns: whether other names are left.
  private mutating func untagKeepsImage(_ name: String, _ references: [Reference]) throws(HullError) -> Bool {
    let given = try Reference(name)
    let reference = given.digest.map(given.with(digest:)) ?? given.withDefaultTag
    try untag(reference)
    var left = references.filter { $0 != reference }
    if reference.digest == nil, !left.contains(where: { $0.tag != nil && $0.name == reference.name }) {
      for digest in left where digest.name == reference.name { try untag(digest) }
      left.removeAll { $0.name == reference.name }
    }
    return !left.isEmpty
  }

  private mutating func untag(_ reference: Reference) throws(HullError) {
    lostBlobs += try store.database.write("untag \(reference.familiar)") { database in
      let catalog = Catalog(database: database)
      try catalog.unname(reference)
      return try catalog.forgetLostDocuments()
    }
    done.append(.untagged(reference.familiar))
  }

  private mutating func delete(_ id: ImageID, force: Bool, prune: Bool, quiet: Bool) throws(HullError) {
    if let conflict = try conflict(id, force: force) {
      let dangling = try store.database.read("look up image \(id)") { database in
        let catalog = Catalog(database: database)
        return try catalog.references(of: id).isEmpty && catalog.children(of: id).isEmpty
      }
      // After its name was taken away an image stays without a word while it is in use or has other names.
      if quiet, !dangling || conflict.used { return }
      throw conflict.error(id)
    }
    let record = try record(id)
    if record?.isOnlyVariant == false { for reference in try references(id) { try untag(reference) } }
    let gone = try store.database.write("remove image \(id)") { database in
      let catalog = Catalog(database: database)
      let gone = try catalog.delete(id)
      return (blobs: gone.blobs + (try catalog.forgetLostDocuments()), layers: gone.layers)
    }
    lostBlobs += gone.blobs
    lostChains += gone.layers
    done.append(.deletedImage(id))
    done += gone.layers.map { .deletedLayer($0) }
    if prune, let parent = record?.parent, try self.record(parent) != nil { try delete(parent, force: false, prune: true, quiet: true) }
  }

  // MARK: Conflicts

  /// Why an image must stay.
  private struct Conflict {
    let hard: Bool
    var used = false
    let message: String

    func error(_ id: ImageID) -> HullError {
      HullError(.conflict, "conflict: unable to delete \(id.short) (\(hard ? "cannot" : "must") be forced) - \(message)")
    }
  }

  /// Children and running containers always keep an image; stopped ones and names only unless forced.
  private func conflict(_ id: ImageID, force: Bool, references: Bool = true) throws(HullError) -> Conflict? {
    let facts = try store.database.read("look up image \(id)") { database in
      let catalog = Catalog(database: database)
      let isOnlyVariant = try catalog.record(id, store.configs)?.isOnlyVariant ?? false
      return (children: try catalog.children(of: id), references: isOnlyVariant ? [] : try catalog.references(of: id))
    }
    if !facts.children.isEmpty { return Conflict(hard: true, message: "image has dependent child images") }
    let users = holders(id)
    if let user = users.first(where: \.running) {
      return Conflict(hard: true, used: true, message: "image is being used by running container \(user.short)")
    }
    if force { return nil }
    if references, !facts.references.isEmpty { return Conflict(hard: false, message: "image is referenced in multiple repositories") }
    return users.first.map { Conflict(hard: false, used: true, message: "image is being used by stopped container \($0.short)") }
  }

  // MARK: Questions

  private func record(_ id: ImageID) throws(HullError) -> ImageRecord? {
    try store.database.read("look up image \(id)") { try Catalog(database: $0).record(id, store.configs) }
  }

  private func references(_ id: ImageID) throws(HullError) -> [Reference] {
    try store.database.read("look up image \(id)") { try Catalog(database: $0).references(of: id) }
  }

  private func isID(_ id: ImageID, _ name: String) -> Bool { id.description.hasPrefix(name) || id.hex.hasPrefix(name) }

  /// At most one tag, and all names in one repository.
  private static func isSingle(_ references: [Reference]) -> Bool {
    guard references.count > 1 else { return references.count == 1 }
    let tags = references.filter { $0.tag != nil }
    let digestRepositories = Set(references.filter { $0.tag == nil }.map(\.name))
    return tags.count <= 1 && digestRepositories == [(tags.first ?? references[0]).name]
  }
}

extension ImageHolder {
  /// The first twelve digits, as messages show them.
  fileprivate var short: String { String(id.prefix(12)) }
}
