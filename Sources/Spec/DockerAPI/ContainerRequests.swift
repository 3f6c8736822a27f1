// SPDX-License-Identifier: Apache-2.0

/// The body of `POST /containers/create`: a `ContainerConfig` with two more fields.
package struct ContainerCreateRequest: Codable, Sendable, Equatable {
  package var config: ContainerConfig
  package var hostConfig: HostConfig
  package var networkingConfig: NetworkingConfig

  package init(
    config: ContainerConfig = ContainerConfig(), hostConfig: HostConfig = HostConfig(), networkingConfig: NetworkingConfig = NetworkingConfig()
  ) {
    self.config = config
    self.hostConfig = hostConfig
    self.networkingConfig = networkingConfig
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    config = try ContainerConfig(from: decoder)
    hostConfig = try container.decodeIfPresent(HostConfig.self, forKey: .hostConfig) ?? HostConfig()
    networkingConfig = try container.decodeIfPresent(NetworkingConfig.self, forKey: .networkingConfig) ?? NetworkingConfig()
  }

  package func encode(to encoder: any Encoder) throws {
    try config.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(hostConfig, forKey: .hostConfig)
    try container.encode(networkingConfig, forKey: .networkingConfig)
  }

  private enum CodingKeys: String, CodingKey {
    case hostConfig = "HostConfig"
    case networkingConfig = "NetworkingConfig"
  }
}

/// The body of `POST /containers/{id}/update`: resources (of which a zero leaves the value as it is) and a restart policy.
///
/// The fields are those of `HostConfig` by the same names.
package typealias ContainerUpdateRequest = HostConfig
