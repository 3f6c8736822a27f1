// SPDX-License-Identifier: Apache-2.0
import Archive
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

  package init(
    config: ImageConfig, layers: [LayerInfo], descriptors: [Descriptor], annotations: [String: String] = [:], usesDockerTypes: Bool = false
  ) {
    self.config = config
    self.layers = layers
    self.descriptors = descriptors
    self.annotations = annotations
    self.usesDockerTypes = usesDockerTypes
  }
}

extension BuiltImageRequest {
  fileprivate var configType: String { usesDockerTypes ? MediaType.dockerConfig : MediaType.ociConfig }
}

/// What became of it.
package struct BuiltImageResult: Sendable {
  package let id: ImageID
  package let config: [UInt8]
  package let manifest: Descriptor

  init(_ image: NewImage) {
    id = image.id
    config = image.rawConfig
    manifest = image.manifest
  }
}

extension ImageStore {
  /// Writes built images down, with their names; on disk for good afterwards. Several become one index, which has the names.
  /// - Returns: the images, and what the names stand for.
  package func register(
    built requests: [BuiltImageRequest], references: [Reference], annotations: [String: String] = [:]
  ) throws(HullError) -> (images: [BuiltImageResult], target: Descriptor) {
    try preparing(requests, annotations) { (images, index) throws(HullError) in
      var arrival = Arrival()
      arrival.images = images
      arrival.index = index
      arrival.references = references.map(\.withDefaultTag)
      _ = try adopt(arrival)
      return (images.map(BuiltImageResult.init), index?.descriptor ?? images[0].manifest)
    }
  }

  /// Writes built images as an archive (see `save`) without keeping them.
  package func export(
    built requests: [BuiltImageRequest], references: [Reference], annotations: [String: String] = [:], to sink: any ByteSink
  ) throws(HullError) -> (images: [BuiltImageResult], target: Descriptor) {
    try preparing(requests, annotations) { (images, index) throws(HullError) in
      var documents = zip(images, requests).map { image, request in
        let config = Descriptor(mediaType: request.configType, digest: image.id, size: Int64(image.rawConfig.count))
        return ContentDocument(descriptor: image.manifest, blobs: [config] + request.descriptors, diffIDs: image.config.rootfs.diffIDs)
      }
      if let index { documents.append(ContentDocument(descriptor: index.descriptor)) }
      let root = index?.descriptor ?? images[0].manifest
      let content = ImageContent(image: images[0].id, root: root, documents: documents)
      var saved = SavedImages()
      saved.add(content, tag: nil)
      for reference in references { saved.add(content, tag: reference.withDefaultTag) }
      try write(saved, to: sink)
      return (images.map(BuiltImageResult.init), root)
    }
  }

  private func preparing<Result>(
    _ requests: [BuiltImageRequest], _ annotations: [String: String], _ body: ([NewImage], NewIndex?) throws(HullError) -> Result
  ) throws(HullError) -> Result {
    let ingest = try blobs.ingest()
    return try claims.during { (claim) throws(HullError) in
      var images: [NewImage] = []
      for request in requests {
        let (image, files) = try prepare(request, ingest)
        claim.claim(blobs: Array(image.blobs), chains: image.layers.map(\.chain))
        try ingest.publish(files)
        images.append(image)
      }
      guard images.count > 1 else { return try body(images, nil) }
      let (index, file) = try self.index(images, annotations, ingest)
      claim.claim(blobs: Array(index.blobs))
      try ingest.publish([(file, index.descriptor.digest)])
      return try body(images, index)
    }
  }

  private func index(
    _ images: [NewImage], _ annotations: [String: String], _ ingest: Ingest
  ) throws(HullError) -> (index: NewIndex, file: Ingest.File) {
    let document = Index(
      manifests: images.map { image in
        var descriptor = image.manifest
        descriptor.platform = image.config.platform
        return descriptor
      }, annotations: annotations.isEmpty ? nil : annotations)
    let received = try ingest.receive(JSON.encode(document))
    let descriptor = Descriptor(mediaType: MediaType.ociIndex, digest: received.digest, size: received.size)
    let members = images.map { (manifest: $0.manifest.digest, platform: $0.config.platform) }
    return (NewIndex(descriptor: descriptor, blobs: [received.digest], images: members), received.file)
  }

  private func prepare(
    _ request: BuiltImageRequest, _ ingest: Ingest
  ) throws(HullError) -> (NewImage, [(file: Ingest.File, digest: Digest)]) {
    let rawConfig = try JSON.encode(request.config)
    let config = try ingest.receive(rawConfig)
    var document = Manifest(
      mediaType: request.usesDockerTypes ? MediaType.dockerManifest : MediaType.ociManifest,
      config: Descriptor(mediaType: request.configType, digest: config.digest, size: config.size),
      layers: request.descriptors)
    document.annotations = request.annotations.isEmpty ? nil : request.annotations
    let manifest = try ingest.receive(JSON.encode(document))
    let blobs = [config.digest, manifest.digest] + request.descriptors.map(\.digest)
    let image = NewImage(
      id: config.digest, config: request.config, rawConfig: rawConfig,
      manifest: Descriptor(mediaType: document.mediaType ?? MediaType.ociManifest, digest: manifest.digest, size: manifest.size), blobs: Set(blobs),
      layers: request.layers)
    return (image, [(config.file, config.digest), (manifest.file, manifest.digest)])
  }
}
