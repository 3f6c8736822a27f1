// SPDX-License-Identifier: Apache-2.0

/// An image's configuration (OCI image specification, config, with Docker's additions). Its digest is the image's ID.
///
/// Reading is lenient: unknown members are dropped, `null` is absent. An image that was loaded keeps its own bytes; this is a view of them.
package struct ImageConfig: Sendable, Hashable, Codable {
  /// RFC 3339, with up to nine decimals of a second.
  package var created: String?
  package var author: String?
  package var architecture: String
  package var os: String
  package var variant: String?
  package var osVersion: String?
  package var osFeatures: [String]?
  package var config: ProcessConfig
  package var rootfs: RootFS
  package var history: [History]
  package var comment: String?
  package var dockerVersion: String?
  package var parent: Digest?
  /// The build cache that the image carries (Hull's own member), as text.
  package var buildCache: String?

  package init(platform: Platform, config: ProcessConfig = ProcessConfig(), diffIDs: [Digest] = [], history: [History] = []) {
    architecture = platform.architecture
    os = platform.os
    variant = platform.variant
    (osVersion, osFeatures) = (platform.osVersion, platform.osFeatures)
    self.config = config
    rootfs = RootFS(diffIDs: diffIDs)
    self.history = history
  }

  package var platform: Platform {
    var platform = Platform(os: os, architecture: architecture, variant: variant)
    (platform.osVersion, platform.osFeatures) = (osVersion.flatMap { $0.isEmpty ? nil : $0 }, osFeatures)
    return platform
  }

  enum CodingKeys: String, CodingKey {
    case created, author, architecture, os, variant, config, rootfs, history, comment, parent
    case osVersion = "os.version"
    case osFeatures = "os.features"
    case dockerVersion = "docker_version"
    case buildCache = "hull.build.cache.v1"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    created = try container.decodeIfPresent(String.self, forKey: .created)
    author = try container.decodeIfPresent(String.self, forKey: .author)
    architecture = try container.decodeIfPresent(String.self, forKey: .architecture) ?? ""
    os = try container.decodeIfPresent(String.self, forKey: .os) ?? ""
    variant = try container.decodeIfPresent(String.self, forKey: .variant)
    osVersion = try container.decodeIfPresent(String.self, forKey: .osVersion)
    osFeatures = try container.decodeIfPresent([String].self, forKey: .osFeatures)
    config = try container.decodeIfPresent(ProcessConfig.self, forKey: .config) ?? ProcessConfig()
    rootfs = try container.decodeIfPresent(RootFS.self, forKey: .rootfs) ?? RootFS(diffIDs: [])
    history = try container.decodeIfPresent([History].self, forKey: .history) ?? []
    comment = try container.decodeIfPresent(String.self, forKey: .comment)
    dockerVersion = try container.decodeIfPresent(String.self, forKey: .dockerVersion)
    buildCache = try container.decodeIfPresent(String.self, forKey: .buildCache)
    let parentText = try container.decodeIfPresent(String.self, forKey: .parent) ?? ""
    parent = try? Digest(parentText)
  }

  package struct RootFS: Sendable, Hashable, Codable {
    /// Always `layers`.
    package var type: String
    /// Digests of the uncompressed layer archives, lowest first.
    package var diffIDs: [Digest]

    enum CodingKeys: String, CodingKey {
      case type
      case diffIDs = "diff_ids"
    }

    package init(diffIDs: [Digest]) {
      type = "layers"
      self.diffIDs = diffIDs
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      type = try container.decodeIfPresent(String.self, forKey: .type) ?? "layers"
      diffIDs = try container.decodeIfPresent([Digest].self, forKey: .diffIDs) ?? []
    }
  }

  /// How one layer, or one metadata step, came to be.
  package struct History: Sendable, Hashable, Codable {
    package var created: String?
    package var createdBy: String?
    package var author: String?
    package var comment: String?
    package var emptyLayer: Bool?

    enum CodingKeys: String, CodingKey {
      case created, author, comment
      case createdBy = "created_by"
      case emptyLayer = "empty_layer"
    }

    package init(created: String?, createdBy: String? = nil, author: String? = nil, comment: String? = nil, emptyLayer: Bool? = nil) {
      self.created = created
      self.createdBy = createdBy
      self.author = author
      self.comment = comment
      self.emptyLayer = emptyLayer
    }
  }
}
