// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import Layers
import OCISpec

/// One image that a build has made, ready to be written down: its layers and their blobs are in the store and claimed.
package struct BuiltImageRequest: Sendable {
  package var config: ImageConfig
  /// Lowest first.
  package var layers: [LayerInfo]
  package var descriptors: [Descriptor]
  package var annotations: [String: String]
  package var usesDockerTypes: Bool

  package init(config: ImageConfig, layers: [LayerInfo], descriptors: [Descriptor], annotations: [String: String] = [:], usesDockerTypes: Bool = false) {
    self.config = config
    self.layers = layers
    self.descriptors = descriptors
    self.annotations = annotations
    self.usesDockerTypes = usesDockerTypes
  }
}

/// What became of it.
package struct BuiltImageResult: Sendable {
  package let id: ImageID
  package let config: [UInt8]
  package let manifest: Descriptor
}

extension ImageStore {
  /// Writes a built image down, with its names; on disk for good afterwards.
  package func register(built request: BuiltImageRequest, references: [Reference]) throws(HullError) -> BuiltImageResult {
    let ingest = try blobs.ingest()
    return try claims.during { (claim) throws(HullError) in
      let (image, files) = try prepare(request, references, ingest)
      claim.claim(blobs: Array(image.blobs), chains: image.layers.map(\.chain))
      try ingest.publish(files)
      _ = try register([image])
      return BuiltImageResult(id: image.id, config: image.rawConfig, manifest: image.manifest)
    }
  }

  private func prepare(
    _ request: BuiltImageRequest, _ references: [Reference], _ ingest: Ingest
  ) throws(HullError) -> (NewImage, [(file: Ingest.File, digest: Digest)]) {
    let rawConfig = try JSON.encode(request.config)
    let config = try ingest.receive(rawConfig)
    var document = Manifest(
      mediaType: request.usesDockerTypes ? MediaType.dockerManifest : MediaType.ociManifest,
      config: Descriptor(mediaType: request.usesDockerTypes ? MediaType.dockerConfig : MediaType.ociConfig, digest: config.digest, size: config.size),
      layers: request.descriptors)
    document.annotations = request.annotations.isEmpty ? nil : request.annotations
    let manifest = try ingest.receive(JSON.encode(document))
    let blobs = [config.digest, manifest.digest] + request.descriptors.map(\.digest)
    let image = NewImage(
      id: config.digest, config: request.config, rawConfig: rawConfig,
      manifest: Descriptor(mediaType: document.mediaType ?? MediaType.ociManifest, digest: manifest.digest, size: manifest.size), blobs: Set(blobs),
      layers: request.layers, references: references.map(\.withDefaultTag))
    return (image, [(config.file, config.digest), (manifest.file, manifest.digest)])
  }
}
