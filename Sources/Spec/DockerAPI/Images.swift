// SPDX-License-Identifier: Apache-2.0

/// One entry of `GET /images/json`.
package struct ImageSummary: Codable, Sendable, Equatable, ZeroValue {
  @Field package var containers: Int64
  @Field package var created: Int64
  @Field package var id: String
  @OrNull package var labels: [String: String]?
  @Field package var parentID: String
  package var descriptor: DescriptorInfo?
  /// Only when they were asked for.
  package var manifests: [ManifestSummary]?
  @Field package var repoDigests: [String]
  @Field package var repoTags: [String]
  @Field package var sharedSize: Int64
  @Field package var size: Int64
  /// The same, before 1.44.
  @OmitEmpty package var virtualSize: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case virtualSize = "VirtualSize"
    case containers = "Containers"
    case created = "Created"
    case id = "Id"
    case labels = "Labels"
    case parentID = "ParentId"
    case descriptor = "Descriptor"
    case manifests = "Manifests"
    case repoDigests = "RepoDigests"
    case repoTags = "RepoTags"
    case sharedSize = "SharedSize"
    case size = "Size"
  }
}

/// The answer of `GET /images/{name}/json`.
package struct ImageInspect: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  package var descriptor: DescriptorInfo?
  /// Only when they were asked for.
  package var manifests: [ManifestSummary]?
  @Field package var repoTags: [String]
  @Field package var repoDigests: [String]
  @Field package var parent: String
  @Field package var comment: String
  package var created: String?
  @Field package var dockerVersion: String
  @Field package var author: String
  @Field package var config: ImageConfigInfo
  @Field package var architecture: String
  @OmitEmpty package var variant: String
  @Field package var os: String
  @OmitEmpty package var osVersion: String
  @Field package var size: Int64
  @OmitEmpty package var virtualSize: Int64
  /// Before 1.45: the container that the image was made from, which is unknown, and its configuration.
  package var container: String?
  package var containerConfig: ContainerConfig?
  @Field package var graphDriver: GraphDriver
  @Field package var rootFS: RootFS
  @Field package var metadata: ImageMetadata

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case descriptor = "Descriptor"
    case manifests = "Manifests"
    case repoTags = "RepoTags"
    case repoDigests = "RepoDigests"
    case parent = "Parent"
    case comment = "Comment"
    case created = "Created"
    case dockerVersion = "DockerVersion"
    case author = "Author"
    case config = "Config"
    case architecture = "Architecture"
    case variant = "Variant"
    case os = "Os"
    case osVersion = "OsVersion"
    case size = "Size"
    case virtualSize = "VirtualSize"
    case container = "Container"
    case containerConfig = "ContainerConfig"
    case graphDriver = "GraphDriver"
    case rootFS = "RootFS"
    case metadata = "Metadata"
  }
}

/// An image's run configuration as the API shows it.
package struct ImageConfigInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var user: String
  @OmitEmpty package var exposedPorts: [String: Empty]
  @OrNull package var env: [String]?
  @Words package var entrypoint: [String]?
  @Words package var cmd: [String]?
  package var healthcheck: HealthConfig?
  @OmitEmpty package var argsEscaped: Bool
  @OmitEmpty package var volumes: [String: Empty]
  @Field package var workingDir: String
  @OmitEmpty package var onBuild: [String]
  @OrNull package var labels: [String: String]?
  @OmitEmpty package var stopSignal: String
  @OmitEmpty package var shell: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case user = "User"
    case exposedPorts = "ExposedPorts"
    case env = "Env"
    case entrypoint = "Entrypoint"
    case cmd = "Cmd"
    case healthcheck = "Healthcheck"
    case argsEscaped = "ArgsEscaped"
    case volumes = "Volumes"
    case workingDir = "WorkingDir"
    case onBuild = "OnBuild"
    case labels = "Labels"
    case stopSignal = "StopSignal"
    case shell = "Shell"
  }
}

/// The layers of an image, by diff ID, lowest first.
package struct RootFS: Codable, Sendable, Equatable, ZeroValue {
  @Field package var type: String
  @OmitEmpty package var layers: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case type = "Type"
    case layers = "Layers"
  }
}

/// What is known of an image on this machine only.
package struct ImageMetadata: Codable, Sendable, Equatable, ZeroValue {
  @Field package var lastTagTime: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case lastTagTime = "LastTagTime"
  }
}

/// One entry of `GET /images/{name}/history`.
package struct ImageHistoryItem: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var created: Int64
  @Field package var createdBy: String
  @OrNull package var tags: [String]?
  @Field package var size: Int64
  @Field package var comment: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case created = "Created"
    case createdBy = "CreatedBy"
    case tags = "Tags"
    case size = "Size"
    case comment = "Comment"
  }
}

/// One entry of the answer of `DELETE /images/{name}`.
package struct ImageDeleteItem: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var untagged: String
  @OmitEmpty package var deleted: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case untagged = "Untagged"
    case deleted = "Deleted"
  }
}

/// The answer of `POST /images/prune`.
package struct ImagesPruneReport: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var imagesDeleted: [ImageDeleteItem]?
  @Field package var spaceReclaimed: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case imagesDeleted = "ImagesDeleted"
    case spaceReclaimed = "SpaceReclaimed"
  }
}

/// One line of a progress stream (load, import, pull, push).
package struct ProgressMessage: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var stream: String
  @OmitEmpty package var status: String
  @OmitEmpty package var progress: String
  @OmitEmpty package var id: String
  @OmitEmpty package var error: String
  package var errorDetail: ProgressError?
  package var progressDetail: ProgressDetail?
  /// At the end of a push.
  package var aux: PushResult?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case stream
    case status
    case progress
    case id
    case error
    case errorDetail
    case progressDetail
    case aux
  }
}

/// The error at the end of a progress stream.
package struct ProgressError: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var code: Int
  @OmitEmpty package var message: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case code
    case message
  }
}

/// How far a step is, in bytes.
package struct ProgressDetail: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var current: Int64
  @OmitEmpty package var total: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case current
    case total
  }
}
