// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Layers
import OCISpec

extension ImageStore {
  /// Stores a layer that is being made, as blob and unpacked, on top of others.
  /// - Parameters:
  ///   - below: lowest first; claimed by the caller.
  ///   - claim: gets the blob and the layer.
  ///   - write: gives the archive's bytes.
  /// - Returns: `nil` when there is nothing in the archive.
  package func makeLayer(
    above below: [LayerInfo], _ claim: Claim, _ write: (any ByteSink) throws(HullError) -> Void
  ) throws(HullError) -> (info: LayerInfo, descriptor: Descriptor)? {
    let ingest = try blobs.ingest()
    let packed = try ingest.receive(write)
    guard packed.digest != Draft.emptyLayer else { return nil }
    let descriptor = Descriptor(mediaType: MediaType.ociLayer, digest: packed.digest, size: packed.size)
    let info = try unpack(packed.digest, above: below, claim, verified: true) { () throws(HullError) in
      try LayerFile.source(packed.file, in: ingest) { _ in }
    }
    claim.claim(blobs: [packed.digest])
    try ingest.publish([(packed.file, packed.digest)])
    return (info, descriptor)
  }

  /// Unpacks a layer whose blob is here on top of others.
  package func unpackLayer(_ descriptor: Descriptor, diffID: Digest, above below: [LayerInfo], _ claim: Claim) throws(HullError) -> LayerInfo {
    claim.claim(blobs: [descriptor.digest])
    return try unpack(diffID, above: below, claim, verified: false) { () throws(HullError) in try blobs.source(descriptor.digest) }
  }

  private func unpack(
    _ diffID: Digest, above below: [LayerInfo], _ claim: Claim, verified: Bool, _ open: () throws(HullError) -> any ByteSource
  ) throws(HullError) -> LayerInfo {
    let chain = LayerStore.chains(below.map(\.diffID) + [diffID]).last ?? diffID
    claim.claim(chains: [chain])
    let paths = Array(below.reversed().map { layers.path(of: $0.chain) })
    return try layers.unpack(
      chain, diffID: diffID, above: paths.isEmpty ? nil : LowerStack { () throws(HullError) in paths }, verified: verified, open: open)
  }
}

extension ImageStore {
  /// The layers of an image that is here, lowest first, and the manifest that has their blobs.
  package func layered(_ image: ImageID) throws(HullError) -> (layers: [LayerInfo], manifest: Manifest) {
    let (layers, digest) = try database.read("look up layers") { database in
      let catalog = Catalog(database: database)
      return (try catalog.layers(of: image), try catalog.manifest(of: image))
    }
    guard let digest else { throw HullError(.notFound, "No such image: \(image)") }
    return (layers, try JSON.decode(blobs.read(digest), "the manifest \(digest)"))
  }
}
