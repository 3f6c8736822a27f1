// SPDX-License-Identifier: Apache-2.0

/// The body of `POST /networks/create`.
package struct NetworkCreateRequest: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var driver: String
  @Field package var scope: String
  @Field package var `internal`: Bool
  @Field package var attachable: Bool
  @Field package var ingress: Bool
  @Field package var configOnly: Bool
  @OrNull package var configFrom: ConfigReference?
  @OrNull package var ipam: IPAM?
  @OrNull package var enableIPv4: Bool?
  @OrNull package var enableIPv6: Bool?
  @Field package var options: [String: String]
  @Field package var labels: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case driver = "Driver"
    case scope = "Scope"
    case `internal` = "Internal"
    case attachable = "Attachable"
    case ingress = "Ingress"
    case configOnly = "ConfigOnly"
    case configFrom = "ConfigFrom"
    case ipam = "IPAM"
    case enableIPv4 = "EnableIPv4"
    case enableIPv6 = "EnableIPv6"
    case options = "Options"
    case labels = "Labels"
  }
}

/// The answer of `POST /networks/create`.
package struct NetworkCreateResponse: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var warning: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case warning = "Warning"
  }
}

/// The body of `POST /networks/{id}/connect`.
package struct NetworkConnectRequest: Codable, Sendable, Equatable, ZeroValue {
  @Field package var container: String
  @OrNull package var endpointConfig: EndpointSettings?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case container = "Container"
    case endpointConfig = "EndpointConfig"
  }
}

/// The body of `POST /networks/{id}/disconnect`.
package struct NetworkDisconnectRequest: Codable, Sendable, Equatable, ZeroValue {
  @Field package var container: String
  @Field package var force: Bool

  package init() {}

  enum CodingKeys: String, CodingKey {
    case container = "Container"
    case force = "Force"
  }
}

/// The answer of `POST /networks/prune`.
package struct NetworksPruneReport: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var networksDeleted: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case networksDeleted = "NetworksDeleted"
  }
}
