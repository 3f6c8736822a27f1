// SPDX-License-Identifier: Apache-2.0
import Archive
import ImageStore
import Layers
import OCISpec

/// Brings images into a store as a registry's client does: blobs first, layers unpacked, then one arrival.
struct Arriving {
  let store: ImageStore

  /// Puts an image's blobs and layers there.
  func image(_ image: TestImage) throws -> NewImage {
    let blobs = try ([Array(image.config.utf8), Array(image.manifest.utf8)] + image.layers).map { try store.blobs.put($0) }
    let diffIDs = image.layers.map { SHA256.digest(of: $0) }
    let chains = LayerStore.chains(diffIDs)
    var infos: [LayerInfo] = []
    for (index, layer) in image.layers.enumerated() {
      let below = Array(chains[..<index].reversed().map(store.layers.path(of:)))
      let lower = below.isEmpty ? nil : LowerStack { below }
      infos.append(try store.layers.unpack(chains[index], diffID: diffIDs[index], above: lower) { PrefixedSource(layer) })
    }
    return NewImage(
      id: image.id, config: ImageConfig(platform: image.platform, diffIDs: diffIDs), rawConfig: Array(image.config.utf8),
      manifest: Descriptor(mediaType: MediaType.ociManifest, digest: blobs[1], size: Int64(image.manifest.utf8.count)), blobs: Set(blobs),
      layers: infos)
  }

  /// An index over images, whether they are here or not.
  func index(of images: [TestImage]) throws -> NewIndex {
    let text = TestImage.index(
      images.map { $0.descriptor(platform: #"{"os":"\#($0.platform.os)","architecture":"\#($0.platform.architecture)"}"#) })
    let digest = try store.blobs.put(Array(text.utf8))
    return NewIndex(
      descriptor: Descriptor(mediaType: MediaType.ociIndex, digest: digest, size: Int64(text.utf8.count)), blobs: [digest],
      images: images.map { (SHA256.digest(of: $0.manifest), $0.platform) })
  }

  /// A signature of a manifest or index.
  func referrer(of subject: Digest, _ text: String = "signed") throws -> NewReferrer {
    let (type, empty) = (MediaType.ociManifest, "{}")
    let manifest = """
      {"schemaVersion":2,"mediaType":"\(type)","config":\(TestImage.descriptor(empty, "application/vnd.oci.empty.v1+json")),
      "layers":[\(TestImage.descriptor(text, "text/plain"))],"subject":{"mediaType":"\(type)","digest":"\(subject)","size":2}}
      """
    let blobs = try [manifest, empty, text].map { try store.blobs.put(Array($0.utf8)) }
    return NewReferrer(
      descriptor: Descriptor(mediaType: type, digest: blobs[0], size: Int64(manifest.utf8.count)), subject: subject, blobs: Set(blobs))
  }

  /// An index under a name, with those of its images that are to be here.
  @discardableResult
  func adopt(_ name: String, index images: [TestImage], here: [TestImage], referrers: (Digest) throws -> [NewReferrer] = { _ in [] }) throws -> Digest
  {
    var arrival = Arrival()
    let claim = store.claim()
    arrival.images = try here.map(image)
    let index = try index(of: images)
    arrival.index = index
    arrival.referrers = try referrers(index.descriptor.digest)
    let reference = try Reference(name)
    arrival.references = [reference.withDefaultTag, reference.with(digest: index.descriptor.digest)]
    _ = try store.adopt(arrival)
    try claim.release()
    return index.descriptor.digest
  }
}

extension TestImage {
  /// What its configuration says that it runs on.
  var platform: Platform { Platform(os: "linux", architecture: architecture ?? Platform.host.architecture, variant: nil) }
}
