// SPDX-License-Identifier: Apache-2.0
import Errors
import Layers
import OCISpec

/// One image that a build has made, ready to be written down: its layers and their blobs are in the store and claimed.
package struct BuiltImageRequest: Sendable {
  package var config: ImageConfig
  /// Lowest first.
  package var layers: [LayerInfo]
  package var descriptors: [Descriptor]
  /// Of the manifest.
  package var annotations: [String: String] = [:]
  /// Of what points at the manifest.
  package var descriptorAnnotations: [String: String] = [:]
  package var usesDockerTypes = false
  /// What is said of the image beside it, once its manifest is known.
  package var attestations: Attesting?
  /// The manifest of the attestations is an artifact with a subject; otherwise it has the configuration of an image.
  package var attestsInArtifact = true

  package init(config: ImageConfig, layers: [LayerInfo], descriptors: [Descriptor]) {
    self.config = config
    self.layers = layers
    self.descriptors = descriptors
  }

  var configType: String { usesDockerTypes ? MediaType.dockerConfig : MediaType.ociConfig }
  var manifestType: String { usesDockerTypes ? MediaType.dockerManifest : MediaType.ociManifest }
}

/// Says something of an image, given its manifest.
package typealias Attesting = @Sendable (_ manifest: Descriptor) throws(HullError) -> [Attestation]

/// An in-toto statement about an image.
package struct Attestation: Sendable, Hashable {
  package var predicateType: String
  /// The whole statement, in JSON.
  package var statement: [UInt8]

  package init(predicateType: String, statement: [UInt8]) {
    self.predicateType = predicateType
    self.statement = statement
  }
}

/// What goes over several images.
package struct BuiltIndexRequest: Sendable {
  package var annotations: [String: String] = [:]
  /// Of what points at the index.
  package var descriptorAnnotations: [String: String] = [:]
  /// There is an index even over a single image.
  package var isForced = false

  package init() {}
}

/// What became of one image.
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

/// Built images whose manifests are in the store, before any row speaks of them.
package struct BuiltContent: Sendable {
  let images: [NewImage]
  let index: NewIndex?
  /// For a push or an archive.
  package let content: ImageContent

  package var results: [BuiltImageResult] { images.map(BuiltImageResult.init) }
  /// What names stand for.
  package var target: Descriptor { content.root }
}
