// SPDX-License-Identifier: Apache-2.0

/// The networks a container is to be connected to, by name.
package struct NetworkingConfig: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var endpointsConfig: [String: EndpointSettings]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case endpointsConfig = "EndpointsConfig"
  }
}

/// A container's end of a network.
package struct EndpointSettings: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var ipamConfig: EndpointIPAMConfig?
  @OrNull package var links: [String]?
  @OrNull package var aliases: [String]?
  @OrNull package var driverOpts: [String: String]?
  @Field package var gwPriority: Int
  @Field package var networkID: String
  @Field package var endpointID: String
  @Field package var gateway: String
  @Field package var ipAddress: String
  @Field package var macAddress: String
  @Field package var ipPrefixLen: Int
  @Field package var ipv6Gateway: String
  @Field package var globalIPv6Address: String
  @Field package var globalIPv6PrefixLen: Int
  @OrNull package var dnsNames: [String]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case ipamConfig = "IPAMConfig"
    case links = "Links"
    case aliases = "Aliases"
    case driverOpts = "DriverOpts"
    case gwPriority = "GwPriority"
    case networkID = "NetworkID"
    case endpointID = "EndpointID"
    case gateway = "Gateway"
    case ipAddress = "IPAddress"
    case macAddress = "MacAddress"
    case ipPrefixLen = "IPPrefixLen"
    case ipv6Gateway = "IPv6Gateway"
    case globalIPv6Address = "GlobalIPv6Address"
    case globalIPv6PrefixLen = "GlobalIPv6PrefixLen"
    case dnsNames = "DNSNames"
  }
}

/// Addresses that were asked for.
package struct EndpointIPAMConfig: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var ipv4Address: String
  @OmitEmpty package var ipv6Address: String
  @OmitEmpty package var linkLocalIPs: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case ipv4Address = "IPv4Address"
    case ipv6Address = "IPv6Address"
    case linkLocalIPs = "LinkLocalIPs"
  }
}

/// A container's networks as inspect shows them.
package struct NetworkSettings: Codable, Sendable, Equatable, ZeroValue {
  @Field package var bridge: String
  @Field package var sandboxID: String
  @Field package var sandboxKey: String
  @Field package var ports: [String: [PortBinding]?]
  @Field package var hairpinMode: Bool
  @Field package var linkLocalIPv6Address: String
  @Field package var linkLocalIPv6PrefixLen: Int
  @OrNull package var secondaryIPAddresses: [String]?
  @OrNull package var secondaryIPv6Addresses: [String]?
  @Field package var endpointID: String
  @Field package var gateway: String
  @Field package var globalIPv6Address: String
  @Field package var globalIPv6PrefixLen: Int
  @Field package var ipAddress: String
  @Field package var ipPrefixLen: Int
  @Field package var ipv6Gateway: String
  @Field package var macAddress: String
  @Field package var networks: [String: EndpointSettings]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case bridge = "Bridge"
    case sandboxID = "SandboxID"
    case sandboxKey = "SandboxKey"
    case ports = "Ports"
    case hairpinMode = "HairpinMode"
    case linkLocalIPv6Address = "LinkLocalIPv6Address"
    case linkLocalIPv6PrefixLen = "LinkLocalIPv6PrefixLen"
    case secondaryIPAddresses = "SecondaryIPAddresses"
    case secondaryIPv6Addresses = "SecondaryIPv6Addresses"
    case endpointID = "EndpointID"
    case gateway = "Gateway"
    case globalIPv6Address = "GlobalIPv6Address"
    case globalIPv6PrefixLen = "GlobalIPv6PrefixLen"
    case ipAddress = "IPAddress"
    case ipPrefixLen = "IPPrefixLen"
    case ipv6Gateway = "IPv6Gateway"
    case macAddress = "MacAddress"
    case networks = "Networks"
  }
}

/// A network (answers of `/networks` and `/networks/{id}`).
package struct NetworkInspect: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var id: String
  @Field package var created: String
  @Field package var scope: String
  @Field package var driver: String
  @Field package var enableIPv4: Bool
  @Field package var enableIPv6: Bool
  @Field package var ipam: IPAM
  @Field package var `internal`: Bool
  @Field package var attachable: Bool
  @Field package var ingress: Bool
  @Field package var configFrom: ConfigReference
  @Field package var configOnly: Bool
  @Field package var containers: [String: NetworkContainer]
  @Field package var options: [String: String]
  @Field package var labels: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case id = "Id"
    case created = "Created"
    case scope = "Scope"
    case driver = "Driver"
    case enableIPv4 = "EnableIPv4"
    case enableIPv6 = "EnableIPv6"
    case ipam = "IPAM"
    case `internal` = "Internal"
    case attachable = "Attachable"
    case ingress = "Ingress"
    case configFrom = "ConfigFrom"
    case configOnly = "ConfigOnly"
    case containers = "Containers"
    case options = "Options"
    case labels = "Labels"
  }
}

/// The network whose configuration another one uses.
package struct ConfigReference: Codable, Sendable, Equatable, ZeroValue {
  @Field package var network: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case network = "Network"
  }
}

/// Address management of a network.
package struct IPAM: Codable, Sendable, Equatable, ZeroValue {
  @Field package var driver: String
  @OrNull package var options: [String: String]?
  @OrNull package var config: [IPAMConfig]?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case driver = "Driver"
    case options = "Options"
    case config = "Config"
  }
}

/// One subnet.
package struct IPAMConfig: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var subnet: String
  @OmitEmpty package var ipRange: String
  @OmitEmpty package var gateway: String
  @OmitEmpty package var auxiliaryAddresses: [String: String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case subnet = "Subnet"
    case ipRange = "IPRange"
    case gateway = "Gateway"
    case auxiliaryAddresses = "AuxiliaryAddresses"
  }
}

/// A container in a network.
package struct NetworkContainer: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var endpointID: String
  @Field package var macAddress: String
  @Field package var ipv4Address: String
  @Field package var ipv6Address: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case endpointID = "EndpointID"
    case macAddress = "MacAddress"
    case ipv4Address = "IPv4Address"
    case ipv6Address = "IPv6Address"
  }
}
