// SPDX-License-Identifier: Apache-2.0

/// A network as the database keeps it. It does not change after its creation.
package struct NetworkRecord: Sendable, Equatable {
  /// 64 hexadecimal digits.
  package let id: String
  package let name: String
  /// Nanoseconds since 1970.
  package let created: Int64
  package let definition: NetworkDefinition

  package init(id: String, name: String, created: Int64, definition: NetworkDefinition) {
    self.id = id
    self.name = name
    self.created = created
    self.definition = definition
  }
}

/// What a network was made from, with what was left open filled in.
package struct NetworkDefinition: Codable, Sendable, Equatable {
  /// `bridge`, `host`, `null`, `macvlan` or `ipvlan`.
  package var driver: String
  package var ipv4 = true
  package var ipv6 = false
  package var isInternal = false
  package var attachable = false
  package var configOnly = false
  /// The network whose configuration this one uses.
  package var configFrom = ""
  package var options: [String: String] = [:]
  package var labels: [String: String] = [:]
  package var ipamDriver = "default"
  package var ipamOptions: [String: String]?
  package var subnets: [Subnet] = []
  /// Whether a user chose them: only then may a container ask for an address.
  package var hasUserSubnets = false

  package init(driver: String) { self.driver = driver }

  /// Addresses as text.
  package struct Subnet: Codable, Sendable, Equatable {
    package var subnet: String
    package var range: String?
    package var gateway: String?
    package var auxiliary: [String: String]?

    package init(subnet: String, range: String?, gateway: String?, auxiliary: [String: String]?) {
      self.subnet = subnet
      self.range = range
      self.gateway = gateway
      self.auxiliary = auxiliary
    }
  }
}

/// How a running container is connected.
package struct ConnectionRecord: Codable, Sendable, Equatable {
  package var endpoints: [EndpointRecord] = []
  package var ports: [PortRecord] = []

  package init() {}
}

/// A container's end of a network. Addresses as text; those with a prefix length are the container's.
package struct EndpointRecord: Codable, Sendable, Equatable {
  package var network: String
  package var networkID: String
  package var id: String
  /// Inside: `eth0`.
  package var interface: String
  /// The outside end of a bridge's pair.
  package var link = ""
  package var mac = ""
  /// `172.17.0.2/16`
  package var ipv4: String?
  package var ipv6: String?
  package var gateway4: String?
  package var gateway6: String?

  package init(network: String, networkID: String, id: String, interface: String) {
    self.network = network
    self.networkID = networkID
    self.id = id
    self.interface = interface
  }
}

/// A published port.
package struct PortRecord: Codable, Sendable, Equatable {
  /// `80/tcp`
  package var key: String
  package var hostAddress: String
  package var hostPort: UInt16
  /// The container's.
  package var address: String
  package var port: UInt16
  /// The network by whose endpoint it is reached.
  package var networkID: String

  package init(key: String, hostAddress: String, hostPort: UInt16, address: String, port: UInt16, networkID: String) {
    self.key = key
    self.hostAddress = hostAddress
    self.hostPort = hostPort
    self.address = address
    self.port = port
    self.networkID = networkID
  }
}
