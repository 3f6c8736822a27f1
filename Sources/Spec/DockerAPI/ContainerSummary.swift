// SPDX-License-Identifier: Apache-2.0

/// One entry of `GET /containers/json`.
package struct ContainerSummary: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var names: [String]
  @Field package var image: String
  @Field package var imageID: String
  @Field package var command: String
  /// seconds since 1970
  @Field package var created: Int64
  @Field package var ports: [PortSummary]
  @OmitEmpty package var sizeRw: Int64
  @OmitEmpty package var sizeRootFs: Int64
  @Field package var labels: [String: String]
  @Field package var state: String
  @Field package var status: String
  @Field package var hostConfig: SummaryHostConfig
  @Field package var networkSettings: SummaryNetworkSettings
  @Field package var mounts: [MountPoint]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case names = "Names"
    case image = "Image"
    case imageID = "ImageID"
    case command = "Command"
    case created = "Created"
    case ports = "Ports"
    case sizeRw = "SizeRw"
    case sizeRootFs = "SizeRootFs"
    case labels = "Labels"
    case state = "State"
    case status = "Status"
    case hostConfig = "HostConfig"
    case networkSettings = "NetworkSettings"
    case mounts = "Mounts"
  }
}

/// A port of a container.
package struct PortSummary: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var ip: String
  @Field package var privatePort: Int
  @OmitEmpty package var publicPort: Int
  @Field package var type: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case ip = "IP"
    case privatePort = "PrivatePort"
    case publicPort = "PublicPort"
    case type = "Type"
  }
}

/// What a list shows of the host configuration.
package struct SummaryHostConfig: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var networkMode: String
  @OmitEmpty package var annotations: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case networkMode = "NetworkMode"
    case annotations = "Annotations"
  }
}

/// What a list shows of the networks.
package struct SummaryNetworkSettings: Codable, Sendable, Equatable, ZeroValue {
  @Field package var networks: [String: EndpointSettings]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case networks = "Networks"
  }
}
