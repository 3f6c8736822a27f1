// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Layers
import OCISpec

/// Results of builds.
extension ImageStore {
  /// Makes the manifests of built images, and an index over several or over attestations.
  /// - Parameter claim: gets everything that is made.
  package func prepare(
    built requests: [BuiltImageRequest], index: BuiltIndexRequest = BuiltIndexRequest(), _ claim: Claim
  ) throws(HullError) -> BuiltContent {
    let maker = BuiltContentMaker(store: self, claim: claim)
    var made: [BuiltContentMaker.Made] = []
    for request in requests { made.append(try maker.make(request)) }
    return try maker.content(of: made, index)
  }

  /// Writes built images down, with their names; on disk for good afterwards. Several become one index, which has the names.
  package func register(_ built: BuiltContent, references: [Reference]) throws(HullError) {
    var arrival = Arrival()
    arrival.images = built.images
    arrival.index = built.index
    arrival.references = references.map(\.withDefaultTag)
    _ = try adopt(arrival)
  }

  /// Writes built images as an archive (see `save`) without keeping them.
  package func write(_ built: BuiltContent, references: [Reference], to sink: any ByteSink) throws(HullError) {
    try write(saved(built, references), to: sink)
  }

  /// Built images as the files of an OCI layout: the bytes of `index.json`, and the blobs.
  package func layout(_ built: BuiltContent, references: [Reference]) throws(HullError) -> (index: [UInt8], blobs: [Digest]) {
    let saved = saved(built, references)
    return (try JSON.encode(saved.index), saved.blobs)
  }

  private func saved(_ built: BuiltContent, _ references: [Reference]) -> SavedImages {
    var saved = SavedImages()
    saved.add(built.content, tag: nil)
    for reference in references where reference.digest == nil { saved.add(built.content, tag: reference.withDefaultTag) }
    return saved
  }
}

/// Writes the documents of built images.
private struct BuiltContentMaker {
  struct Made {
    let image: NewImage
    /// In an index.
    let descriptor: Descriptor
    let document: ContentDocument
    let attestation: ContentDocument?
  }

  let store: ImageStore
  let claim: Claim

  func make(_ request: BuiltImageRequest) throws(HullError) -> Made {
    let rawConfig = try JSON.encode(request.config)
    let config = try put(rawConfig, request.configType)
    var manifest = Manifest(mediaType: request.manifestType, config: config, layers: request.descriptors)
    manifest.annotations = request.annotations.isEmpty ? nil : request.annotations
    let plain = try put(JSON.encode(manifest), request.manifestType)
    let blobs = [config] + request.descriptors
    claim.claim(blobs: blobs.map(\.digest), chains: request.layers.map(\.chain))
    let image = NewImage(
      id: config.digest, config: request.config, rawConfig: rawConfig, manifest: plain, blobs: Set(blobs.map(\.digest) + [plain.digest]),
      layers: request.layers)
    var descriptor = plain
    descriptor.platform = request.config.platform
    descriptor.annotations = request.descriptorAnnotations.isEmpty ? nil : request.descriptorAnnotations
    let attestations = try request.attestations?(plain) ?? []
    return Made(
      image: image, descriptor: descriptor, document: ContentDocument(descriptor: plain, blobs: blobs, diffIDs: request.config.rootfs.diffIDs),
      attestation: try attestations.isEmpty ? nil : attestationManifest(attestations, of: plain, asArtifact: request.attestsInArtifact))
  }

  func content(of made: [Made], _ request: BuiltIndexRequest) throws(HullError) -> BuiltContent {
    let attestations = made.compactMap(\.attestation)
    let documents = made.map(\.document)
    guard made.count > 1 || !attestations.isEmpty || request.isForced else {
      var root = made[0].descriptor
      root.platform = nil
      let content = ImageContent(image: made[0].image.id, root: root, documents: documents)
      return BuiltContent(images: [made[0].image], index: nil, content: content)
    }
    let document = Index(
      manifests: made.map(\.descriptor) + attestations.map(\.descriptor), annotations: request.annotations.isEmpty ? nil : request.annotations)
    var root = try put(JSON.encode(document), MediaType.ociIndex)
    let own = [root.digest] + attestations.flatMap { [$0.descriptor.digest] + $0.blobs.map(\.digest) }
    let index = NewIndex(
      descriptor: root, blobs: Set(own), images: made.map { (manifest: $0.image.manifest.digest, platform: $0.image.config.platform) })
    root.annotations = request.descriptorAnnotations.isEmpty ? nil : request.descriptorAnnotations
    let all = documents + attestations + [ContentDocument(descriptor: root)]
    return BuiltContent(images: made.map(\.image), index: index, content: ImageContent(image: made[0].image.id, root: root, documents: all))
  }

  /// The manifest beside an image that has its attestations (BuildKit, docs/attestations/attestation-storage.md).
  private func attestationManifest(
    _ attestations: [Attestation], of image: Descriptor, asArtifact: Bool
  ) throws(HullError) -> ContentDocument {
    var layers: [Descriptor] = []
    for attestation in attestations {
      var layer = try put(attestation.statement, MediaType.inToto)
      layer.annotations = [Annotation.predicateType: attestation.predicateType]
      layers.append(layer)
    }
    let config = try asArtifact ? emptyConfig() : imageConfig(layers)
    var manifest = Manifest(config: config, layers: layers)
    if asArtifact {
      manifest.artifactType = MediaType.attestationManifest
      manifest.subject = image
    }
    var descriptor = try put(JSON.encode(manifest), MediaType.ociManifest)
    descriptor.annotations = [
      Annotation.dockerReferenceType: "attestation-manifest", Annotation.dockerReferenceDigest: image.digest.description,
    ]
    descriptor.platform = Platform.unknown
    return ContentDocument(descriptor: descriptor, blobs: [config] + layers)
  }

  private func emptyConfig() throws(HullError) -> Descriptor {
    var config = try put(Array("{}".utf8), MediaType.ociEmpty)
    config.data = "e30="
    return config
  }

  private func put(_ bytes: [UInt8], _ mediaType: String) throws(HullError) -> Descriptor { try store.store(bytes, mediaType, claim) }

  private func imageConfig(_ layers: [Descriptor]) throws(HullError) -> Descriptor {
    try put(JSON.encode(ImageConfig(platform: .unknown, diffIDs: layers.map(\.digest))), MediaType.ociConfig)
  }
}
