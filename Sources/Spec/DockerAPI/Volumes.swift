// SPDX-License-Identifier: Apache-2.0

/// A volume.
package struct Volume: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var createdAt: String
  @Field package var driver: String
  @OrNull package var labels: [String: String]?
  @Field package var mountpoint: String
  @Field package var name: String
  @OrNull package var options: [String: String]?
  @Field package var scope: String
  package var usageData: VolumeUsage?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case createdAt = "CreatedAt"
    case driver = "Driver"
    case labels = "Labels"
    case mountpoint = "Mountpoint"
    case name = "Name"
    case options = "Options"
    case scope = "Scope"
    case usageData = "UsageData"
  }
}

/// What a volume takes and how many containers use it; -1: not known.
package struct VolumeUsage: Codable, Sendable, Equatable, ZeroValue {
  @Field package var refCount: Int64
  @Field package var size: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case refCount = "RefCount"
    case size = "Size"
  }
}

/// The answer of `GET /volumes`.
package struct VolumeList: Codable, Sendable, Equatable, ZeroValue {
  @Field package var volumes: [Volume]
  @OrNull package var warnings: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case volumes = "Volumes"
    case warnings = "Warnings"
  }
}

/// The body of `POST /volumes/create`.
package struct VolumeCreateRequest: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var name: String
  @OmitEmpty package var driver: String
  package var driverOpts: [String: String]?
  package var labels: [String: String]?
  /// Of a volume of a swarm.
  package var clusterVolumeSpec: Empty?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case driver = "Driver"
    case driverOpts = "DriverOpts"
    case labels = "Labels"
    case clusterVolumeSpec = "ClusterVolumeSpec"
  }
}

/// The answer of `POST /volumes/prune`.
package struct VolumesPruneReport: Codable, Sendable, Equatable, ZeroValue {
  @Field package var volumesDeleted: [String]
  @Field package var spaceReclaimed: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case volumesDeleted = "VolumesDeleted"
    case spaceReclaimed = "SpaceReclaimed"
  }
}
