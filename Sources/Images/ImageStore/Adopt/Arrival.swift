// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import GRDB
import Layers
import OCISpec

/// What came from a registry, when its blobs and layers are in the store: written down in one transaction.
package struct Arrival: Sendable {
  package var images: [NewImage] = []
  /// The index that the names stand for; `nil`: they stand for the one image.
  package var index: NewIndex?
  package var referrers: [NewReferrer] = []
  /// By tag, by digest.
  package var references: [Reference] = []

  package init() {}
}

extension ImageStore {
  /// Claims blobs and chains for an operation that takes its time; the caller releases it, whatever happens.
  package func claim() -> Claim { Claim(claims) }

  /// Writes an arrival down, once all of it is on disk for good. The names move when they stood for something else.
  /// - Returns: the image that the names stand for on this machine, and whether anything changed.
  package func adopt(_ arrival: Arrival) throws(HullError) -> (image: ImageID, isNew: Bool) {
    if let known = try known(arrival) {
      database.noteSoon { [self] in try touch([known], in: $0) }
      return (known, false)
    }
    try sync()
    let now = ImageStore.now()
    return try database.write("record the images") { database in
      let catalog = Catalog(database: database)
      for image in arrival.images { try catalog.insert(image, now: now) }
      if let index = arrival.index { try catalog.insert(index) }
      for referrer in arrival.referrers { try catalog.insert(referrer) }
      let (image, manifest) = try catalog.preferred(arrival)
      for reference in arrival.references {
        try catalog.name(image, reference, manifest: manifest, index: arrival.index?.descriptor.digest, now: now)
      }
      return (image, true)
    }
  }

  /// The image, when every row of the arrival is there already.
  private func known(_ arrival: Arrival) throws(HullError) -> ImageID? {
    try database.read("look up the images") { database in
      let catalog = Catalog(database: database)
      let images = try arrival.images.allSatisfy { try catalog.exists($0.id) && catalog.manifest($0.manifest.digest) != nil }
      guard images, try arrival.referrers.allSatisfy({ try catalog.hasDocument($0.descriptor.digest) }) else { return nil }
      if let index = arrival.index {
        let variants = Set(try catalog.variants(of: index.descriptor.digest).map(\.manifest))
        guard try catalog.hasDocument(index.descriptor.digest), variants.isSuperset(of: arrival.images.map(\.manifest.digest)) else { return nil }
      }
      let (image, manifest) = try catalog.preferred(arrival)
      let named = try arrival.references.allSatisfy { reference in
        guard let known = try catalog.image(named: reference), known == (image, manifest) else { return false }
        return try catalog.index(named: reference)?.digest == arrival.index?.descriptor.digest
      }
      return named ? image : nil
    }
  }
}

extension Catalog {
  /// Which of the images a name for the arrival stands for: of an index the one that suits this machine best, also when that was here before.
  fileprivate func preferred(_ arrival: Arrival) throws -> (ImageID, Digest) {
    if let index = arrival.index, let best = try variants(of: index.descriptor.digest).best(for: .host) { return (best.image, best.manifest) }
    let hosts = arrival.images.filter { $0.config.platform.distance(to: .host) != nil }
    guard let image = hosts.first ?? arrival.images.first else { throw HullError(.internalError, "nothing has arrived") }
    return (image.id, image.manifest.digest)
  }

  fileprivate func hasDocument(_ digest: Digest) throws -> Bool {
    try Bool.fetchOne(database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM document WHERE digest = ?)"), arguments: [digest.description])
      ?? false
  }
}
