// SPDX-License-Identifier: Apache-2.0

/// From where a published port is reached: an entry of the answer of `GET /hull/containers/{id}/exposure`, which is Hull's own.
package struct PortExposure: Codable, Sendable, Equatable, ZeroValue {
  /// The container's name.
  @Field package var container: String
  @Field package var privatePort: Int
  /// `tcp`, `udp` or `sctp`
  @Field package var type: String
  @Field package var hostIP: String
  @Field package var hostPort: Int
  /// `host`: from the host alone; `network`: from whoever reaches `address`; `everyone`: from whoever reaches any address of the host.
  @Field package var reach: String
  @Field package var address: String
  /// Which of the host's own packet filters a connection from outside passes and may be stopped by.
  @Field package var filter: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case container = "Container"
    case privatePort = "PrivatePort"
    case type = "Type"
    case hostIP = "HostIp"
    case hostPort = "HostPort"
    case reach = "Reach"
    case address = "Address"
    case filter = "Filter"
  }
}

/// The body of `POST /hull/containers/{id}/ports`, which is Hull's own.
package struct PortsRequest: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var portBindings: [String: [PortBinding]?]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case portBindings = "PortBindings"
  }
}
