// SPDX-License-Identifier: Apache-2.0

/// The first message of `POST /hull/build`: what is to be built. Names as the options of `hull build`.
package struct HullBuildRequest: Codable, Sendable, Equatable, ZeroValue {
  /// Where the Dockerfile is, for messages and in its context.
  @Field package var dockerfile: String
  /// The Dockerfile's text; missing: it is in the context.
  package var dockerfileText: String?
  /// A Git or HTTP address instead of a context of the client's.
  @Field package var remote: String
  @Field package var buildContexts: [String: String]
  /// Names the client's directories, by context: the same name, the same directory.
  @Field package var contextKeys: [String: String]
  @Field package var target: String
  @Field package var buildArgs: [String: String]
  @Field package var labels: [String: String]
  @Field package var annotations: [String: String]
  @Field package var tags: [String]
  @Field package var platforms: [String]
  @Field package var noCache: Bool
  @Field package var noCacheFilter: [String]
  @Field package var pull: Bool
  @Field package var network: String
  @Field package var extraHosts: [String]
  @Field package var memory: Int64
  @Field package var memorySwap: Int64
  @Field package var cpuShares: Int64
  @Field package var cpuPeriod: Int64
  @Field package var cpuQuota: Int64
  @Field package var cpusetCpus: String
  @Field package var cpusetMems: String
  @Field package var cgroupParent: String
  @Field package var shmSize: Int64
  @Field package var ulimits: [Ulimit]
  /// Attributes of each, with `type`.
  @Field package var cacheFrom: [[String: String]]
  @Field package var cacheTo: [[String: String]]
  /// Attributes of each, with `type`; outputs that the client takes have an `id`.
  @Field package var outputs: [[String: String]]
  package var sourceDateEpoch: Int64?
  @Field package var squash: Bool
  @Field package var check: Bool
  @Field package var explain: Bool
  /// By type (`provenance`, `sbom`): its attributes.
  @Field package var attestations: [String: [String: String]]
  @Field package var allow: [String]

  package init() {}
}

/// What the daemon asks the client for.
package struct BuildAsk: Codable, Sendable, Equatable, ZeroValue {
  /// `context`, `secret`, `credentials`, `ssh`, `archive`, `files`; of a directory for caches: `content` (a blob's bytes), `has-content`,
  /// `keep-content`.
  @Field package var kind: String
  @Field package var id: String
  @OmitEmpty package var includes: [String]
  @OmitEmpty package var excludes: [String]
  @OmitEmpty package var followed: [String]
  @OmitEmpty package var attributes: [String: String]

  package init() {}

  package init(_ kind: String, id: String) {
    self.kind = kind
    self.id = id
  }
}

/// An event of a build; which fields there are depends on `type`.
package struct HullBuildEvent: Codable, Sendable, Equatable, ZeroValue {
  /// `planned`, `started`, `finished`, `progress`, `warning`, `explained`.
  @Field package var type: String
  /// The step's number.
  package var vertex: Int?
  package var vertices: [HullBuildVertex]?
  /// Nanoseconds since 1970.
  package var time: Int64?
  package var cached: Bool?
  package var error: String?
  package var id: String?
  package var current: Int64?
  package var total: Int64?
  package var completed: Int64?
  package var text: String?
  package var warning: HullBuildWarning?

  package init() {}

  package init(_ type: String, vertex: Int? = nil, time: Int64? = nil) {
    self.type = type
    (self.vertex, self.time) = (vertex, time)
  }
}

/// A step.
package struct HullBuildVertex: Codable, Sendable, Equatable, ZeroValue {
  @Field package var vertex: Int
  @Field package var id: String
  @Field package var name: String
  @Field package var inputs: [String]
  @Field package var step: Int
  @Field package var steps: Int
  /// As written; empty: the builder's own.
  @Field package var instruction: String
  @OmitEmpty package var isMetadata: Bool
  package var location: HullBuildLocation?
  package var platform: String?

  package init() {}
}

/// Lines of the Dockerfile, from 1, both inclusive.
package struct HullBuildLocation: Codable, Sendable, Equatable, ZeroValue {
  @Field package var start: Int
  @Field package var end: Int
  @Field package var column: Int

  package init() {}
}

/// A finding of the build checks.
package struct HullBuildWarning: Codable, Sendable, Equatable, ZeroValue {
  @Field package var rule: String
  @Field package var description: String
  @Field package var message: String
  @Field package var url: String
  package var location: HullBuildLocation?

  package init() {}
}

/// The last message of a build that succeeded.
package struct HullBuildResult: Codable, Sendable, Equatable, ZeroValue {
  @Field package var images: [HullBuildImage]
  package var target: DescriptorInfo?
  @Field package var tags: [String]
  /// Of a cache that went into directories of the client's, whose indexes are the client's to write.
  package var cacheManifest: DescriptorInfo?
  @Field package var warnings: [HullBuildWarning]

  package init() {}
}

/// An image of a build, for one platform.
package struct HullBuildImage: Codable, Sendable, Equatable, ZeroValue {
  @Field package var platform: String
  @Field package var id: String
  /// The manifest's digest.
  @Field package var manifest: String

  package init() {}
}

/// The last message of a build that failed.
package struct HullBuildFailure: Codable, Sendable, Equatable, ZeroValue {
  @Field package var message: String
  /// The HTTP status that the error would have.
  @Field package var status: Int
  /// Of the command that failed; 0: none did.
  @Field package var exitCode: Int
  /// The lines of the Dockerfile that are to blame, with their place.
  @OmitEmpty package var excerpt: String
  /// The step's number.
  package var vertex: Int?

  package init() {}
}
