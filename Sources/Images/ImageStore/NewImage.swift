// SPDX-License-Identifier: Apache-2.0
import Layers
import OCISpec

/// An image whose files are on disk, ready to be written down.
package struct NewImage: Sendable {
  package var id: ImageID
  package var config: ImageConfig
  package var rawConfig: [UInt8]
  package var manifest: Descriptor
  /// All blobs it needs, among them its configuration and manifest.
  package var blobs: Set<Digest>
  /// Lowest first.
  package var layers: [LayerInfo]
  package var references: [Reference]
  package var parent: ImageID?
  /// The index that the references stand for.
  package var index: NewIndex?
  /// What kind of artifact it is, when it is no image; then there are no layers.
  package var artifactType: String?
  /// Bytes of an artifact's blobs.
  package var artifactSize: Int64 = 0

  package init(
    id: ImageID, config: ImageConfig, rawConfig: [UInt8], manifest: Descriptor, blobs: Set<Digest>, layers: [LayerInfo], references: [Reference] = [],
    parent: ImageID? = nil
  ) {
    self.id = id
    self.config = config
    self.rawConfig = rawConfig
    self.manifest = manifest
    self.blobs = blobs
    self.layers = layers
    self.references = references
    self.parent = parent
  }
}

/// An index whose bytes are on disk (OCI image specification, image index), ready to be written down.
package struct NewIndex: Sendable {
  package var descriptor: Descriptor
  /// Itself, indexes within it, and attestations: all that is needed beside its images.
  package var blobs: Set<Digest>
  /// Manifests of its images, and for which platform; those that are here are written down.
  package var images: [(manifest: Digest, platform: Platform)]

  package init(descriptor: Descriptor, blobs: Set<Digest>, images: [(manifest: Digest, platform: Platform)]) {
    self.descriptor = descriptor
    self.blobs = blobs
    self.images = images
  }
}

/// A manifest that refers to an image or index (OCI distribution specification, referrers), with its blobs on disk.
package struct NewReferrer: Sendable {
  package var descriptor: Descriptor
  package var subject: Digest
  package var blobs: Set<Digest>

  package init(descriptor: Descriptor, subject: Digest, blobs: Set<Digest>) {
    self.descriptor = descriptor
    self.subject = subject
    self.blobs = blobs
  }
}
