// SPDX-License-Identifier: Apache-2.0
import Archive
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

  /// Whether a layer's blob becomes another one in this form.
  package func changes(_ layer: Descriptor) -> Bool { outcome(for: layer) != Compression(layer: layer.mediaType) }

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
