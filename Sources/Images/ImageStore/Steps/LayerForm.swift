// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Layers
import OCISpec

/// In what form the layers of a built image go out.
package struct LayerForm: Sendable, Hashable {
  /// `nil`: as they are in the store.
  package var compression: Compression?
  /// gzip 0 to 9, zstd 0 to 22; `nil`: what is usual.
  package var level: Int?
  /// Also layers that are compressed in another way.
  package var isForced = false
  /// Media types: OCI's or Docker's.
  package var usesDockerTypes = false

  package init() {}

  /// The compression that a layer has in this form.
  func outcome(for layer: Descriptor) -> Compression {
    let have = Compression(layer: layer.mediaType)
    // What may not be distributed stays as it is.
    guard let compression, have == .none || isForced, layer.urls == nil else { return have }
    return compression
  }

  func mediaType(_ compression: Compression) -> String {
    switch compression {
    case .none: usesDockerTypes ? MediaType.dockerLayer : MediaType.ociLayer
    case .gzip: usesDockerTypes ? MediaType.dockerLayerGzip : MediaType.ociLayerGzip
    case .zstd: usesDockerTypes ? MediaType.dockerLayerZstd : MediaType.ociLayerZstd
    }
  }
}

extension Compression {
  /// As a layer's media type says.
  init(layer mediaType: String) {
    self = mediaType.hasSuffix("gzip") ? .gzip : mediaType.hasSuffix("zstd") ? .zstd : .none
  }
}

extension ImageStore {
  /// A layer's blob in a form: made, if it is not here.
  /// - Parameter claim: gets the blob.
  package func formed(_ layer: Descriptor, as form: LayerForm, _ claim: Claim) throws(HullError) -> Descriptor {
    guard layer.urls == nil else { return layer }
    let compression = form.outcome(for: layer)
    var result = layer
    result.mediaType = form.mediaType(compression)
    guard compression != Compression(layer: layer.mediaType) else { return result }
    let ingest = try blobs.ingest()
    let received = try ingest.receive { (sink) throws(HullError) in
      let compressing = try compression.sink(sink, level: form.level)
      let chunks = BufferedChunks(try DecompressingSource(try blobs.source(layer.digest)))
      while let chunk = try chunks.next() { try compressing.write(chunk) }
      try compressing.finish()
    }
    claim.claim(blobs: [received.digest])
    try ingest.publish([(received.file, received.digest)])
    (result.digest, result.size) = (received.digest, received.size)
    return result
  }

  /// A layer with no time later than a given one, on top of others.
  /// - Parameters:
  ///   - latest: seconds since 1970.
  ///   - claim: gets the blob and the layer.
  /// - Returns: `nil` when there is nothing in the layer.
  package func clamped(
    _ layer: Descriptor, latest: Int64, above below: [LayerInfo], _ claim: Claim
  ) throws(HullError) -> (info: LayerInfo, descriptor: Descriptor)? {
    try makeLayer(above: below, claim) { (sink) throws(HullError) in
      try TarClamp.rewrite(try DecompressingSource(try blobs.source(layer.digest)), latest: latest, to: sink)
    }
  }
}
