// SPDX-License-Identifier: Apache-2.0

/// Points at a blob (OCI image specification, content descriptors).
package struct Descriptor: Sendable, Hashable, Codable {
  package var mediaType: String
  package var digest: Digest
  /// bytes
  package var size: Int64
  package var urls: [String]?
  package var annotations: [String: String]?
  package var platform: Platform?
  package var artifactType: String?
  /// The blob itself, in Base64, where it is small.
  package var data: String?

  package init(mediaType: String, digest: Digest, size: Int64, annotations: [String: String]? = nil, platform: Platform? = nil) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
    self.annotations = annotations
    self.platform = platform
  }

  /// Lenient about a missing media type, which old layouts leave out.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType) ?? ""
    digest = try container.decode(Digest.self, forKey: .digest)
    size = try container.decode(Int64.self, forKey: .size)
    urls = try container.decodeIfPresent([String].self, forKey: .urls)
    annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    platform = try container.decodeIfPresent(Platform.self, forKey: .platform)
    artifactType = try container.decodeIfPresent(String.self, forKey: .artifactType)
    data = try container.decodeIfPresent(String.self, forKey: .data)
  }
}

/// Names that appear in the annotations of an index's descriptors.
package enum Annotation {
  /// The tag, or in some tools' layouts a whole reference.
  package static let refName = "org.opencontainers.image.ref.name"
  /// The whole canonical reference, as containerd and Docker write it.
  package static let imageName = "io.containerd.image.name"
  /// `attestation-manifest` marks what BuildKit puts beside an image.
  package static let dockerReferenceType = "vnd.docker.reference.type"
  /// The manifest that it is about.
  package static let dockerReferenceDigest = "vnd.docker.reference.digest"
  /// What an in-toto statement says something of.
  package static let predicateType = "in-toto.io/predicate-type"
}

/// An image manifest (OCI image specification, manifest; Docker's schema 2 has the same shape).
package struct Manifest: Sendable, Hashable, Codable {
  package var schemaVersion: Int
  package var mediaType: String?
  package var artifactType: String?
  package var config: Descriptor
  package var layers: [Descriptor]
  package var subject: Descriptor?
  package var annotations: [String: String]?

  package init(mediaType: String = MediaType.ociManifest, config: Descriptor, layers: [Descriptor], annotations: [String: String]? = nil) {
    schemaVersion = 2
    self.mediaType = mediaType
    self.config = config
    self.layers = layers
    self.annotations = annotations
  }
}

/// An image index or Docker manifest list (OCI image specification, image index).
package struct Index: Sendable, Hashable, Codable {
  package var schemaVersion: Int
  package var mediaType: String?
  package var artifactType: String?
  package var manifests: [Descriptor]
  package var annotations: [String: String]?

  package init(manifests: [Descriptor], annotations: [String: String]? = nil) {
    schemaVersion = 2
    mediaType = MediaType.ociIndex
    self.manifests = manifests
    self.annotations = annotations
  }
}

/// One entry of `manifest.json` in an archive made by `docker save`.
package struct DockerManifest: Sendable, Hashable, Codable {
  /// A path in the archive.
  package var config: String
  package var repoTags: [String]?
  /// Paths in the archive, lowest layer first.
  package var layers: [String]

  enum CodingKeys: String, CodingKey {
    case config = "Config"
    case repoTags = "RepoTags"
    case layers = "Layers"
  }

  package init(config: String, repoTags: [String]?, layers: [String]) {
    self.config = config
    self.repoTags = repoTags
    self.layers = layers
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    config = try container.decodeIfPresent(String.self, forKey: .config) ?? ""
    repoTags = try container.decodeIfPresent([String].self, forKey: .repoTags)
    layers = try container.decodeIfPresent([String].self, forKey: .layers) ?? []
  }

  /// Writes `"RepoTags":null` for an untagged image, as Docker does.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(config, forKey: .config)
    try container.encode(repoTags, forKey: .repoTags)
    try container.encode(layers, forKey: .layers)
  }
}
