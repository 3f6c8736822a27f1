// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import OCISpec

/// One manifest under a name, here or not.
package struct ImageVariant: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case image
    /// What BuildKit puts beside an image; about which manifest.
    case attestation(Digest?)
    case unknown
  }

  package let manifest: Descriptor
  package let kind: Kind
  package var platform: Platform?
  package var image: ImageID?
  /// All its blobs are here.
  package var isHere = false
  /// Bytes of its blobs that are here.
  package var contentSize: Int64 = 0
  /// Bytes of its unpacked layers.
  package var unpackedSize: Int64 = 0
}

extension ImageStore {
  /// All manifests of the index that an image's first name stands for; without an index the image's own.
  package func variants(of record: ImageRecord) throws(HullError) -> [ImageVariant] {
    let index = try database.read("look up image \(record.id)") { database in
      let catalog = Catalog(database: database)
      return (record.tags + record.digests).lazy.compactMap { try? catalog.index(named: $0) }.first
    }
    guard let index else { return [try variant(Descriptor(record.manifest, platform: record.config.platform))] }
    let document: Index = try JSON.decode(blobs.read(index.digest), "the index \(index.digest)")
    return try document.manifests.map { (descriptor) throws(HullError) in try variant(descriptor) }
  }

  /// The image under a name that stands for no other one, whatever it runs on; `nil`: the name stands for several.
  package func onlyImage(_ name: String) throws(HullError) -> Found? {
    let found = try find(name)
    guard found.index != nil else { return found }
    return try variants(of: found.record).count { $0.kind == .image } == 1 ? found : nil
  }

  private func variant(_ descriptor: Descriptor) throws(HullError) -> ImageVariant {
    let isAttestation = descriptor.annotations?[Annotation.dockerReferenceType] != nil
    let subject = descriptor.annotations?[Annotation.dockerReferenceDigest].flatMap { try? Digest($0) }
    var variant = ImageVariant(
      manifest: descriptor, kind: isAttestation ? .attestation(subject) : MediaType.isManifest(descriptor.mediaType) ? .image : .unknown,
      platform: descriptor.platform)
    guard let size = blobs.size(of: descriptor.digest), MediaType.isManifest(descriptor.mediaType) else { return variant }
    let manifest: Manifest = try JSON.decode(blobs.read(descriptor.digest), "the manifest \(descriptor.digest)")
    let sizes = Set([manifest.config] + manifest.layers).map { blobs.size(of: $0.digest) }
    variant.contentSize = sizes.reduce(size) { $0 + ($1 ?? 0) }
    variant.isHere = !sizes.contains(nil)
    let layers = try database.read("look up layers") { database -> [Int64]? in
      let catalog = Catalog(database: database)
      return try catalog.exists(manifest.config.digest) ? try catalog.layers(of: manifest.config.digest).map(\.size) : nil
    }
    if let layers, !isAttestation { (variant.image, variant.unpackedSize) = (manifest.config.digest, layers.reduce(0, +)) }
    return variant
  }
}

extension Descriptor {
  fileprivate init(_ descriptor: Descriptor, platform: Platform) {
    self = descriptor
    self.platform = platform
  }
}
