// SPDX-License-Identifier: Apache-2.0

/// The answer of `GET /containers/{id}/json`.
package struct ContainerInspect: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var created: String
  @Field package var path: String
  @Field package var args: [String]
  @Field package var state: ContainerState
  /// the image's ID
  @Field package var image: String
  @Field package var resolvConfPath: String
  @Field package var hostnamePath: String
  @Field package var hostsPath: String
  @Field package var logPath: String
  /// with a leading slash
  @Field package var name: String
  @Field package var restartCount: Int
  @Field package var driver: String
  @Field package var platform: String
  package var imageManifestDescriptor: DescriptorInfo?
  @Field package var mountLabel: String
  @Field package var processLabel: String
  @Field package var appArmorProfile: String
  @OrNull package var execIDs: [String]?
  @Field package var hostConfig: HostConfig
  @Field package var graphDriver: GraphDriver
  package var sizeRw: Int64?
  package var sizeRootFs: Int64?
  @Field package var mounts: [MountPoint]
  @Field package var config: ContainerConfig
  @Field package var networkSettings: NetworkSettings

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case created = "Created"
    case path = "Path"
    case args = "Args"
    case state = "State"
    case image = "Image"
    case resolvConfPath = "ResolvConfPath"
    case hostnamePath = "HostnamePath"
    case hostsPath = "HostsPath"
    case logPath = "LogPath"
    case name = "Name"
    case restartCount = "RestartCount"
    case driver = "Driver"
    case platform = "Platform"
    case imageManifestDescriptor = "ImageManifestDescriptor"
    case mountLabel = "MountLabel"
    case processLabel = "ProcessLabel"
    case appArmorProfile = "AppArmorProfile"
    case execIDs = "ExecIDs"
    case hostConfig = "HostConfig"
    case graphDriver = "GraphDriver"
    case sizeRw = "SizeRw"
    case sizeRootFs = "SizeRootFs"
    case mounts = "Mounts"
    case config = "Config"
    case networkSettings = "NetworkSettings"
  }
}

/// Which storage driver holds a file system, and where.
package struct GraphDriver: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var data: [String: String]?
  @Field package var name: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case data = "Data"
    case name = "Name"
  }
}

/// An OCI descriptor as the API shows it.
package struct DescriptorInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var mediaType: String
  @Field package var digest: String
  @Field package var size: Int64
  package var platform: PlatformInfo?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case mediaType
    case digest
    case size
    case platform
  }
}

/// An OCI platform as the API shows it.
package struct PlatformInfo: Codable, Sendable, Equatable, ZeroValue {
  @Field package var architecture: String
  @Field package var os: String
  @OmitEmpty package var variant: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case architecture
    case os
    case variant
  }
}
