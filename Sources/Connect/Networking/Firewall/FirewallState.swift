// SPDX-License-Identifier: Apache-2.0
import Addressing

/// What a published port speaks.
package enum Transport: String, Hashable, Sendable, CaseIterable {
  case tcp, udp, sctp
}

/// A port of a workload that can be reached at a port of the host.
package struct PublishedPort: Hashable, Sendable {
  package var transport: Transport
  /// On the host; unspecified: every address of its family.
  package var hostAddress: IPAddress
  package var hostPort: UInt16
  /// The workload's.
  package var address: IPAddress
  package var port: UInt16
  /// The bridge that the workload is behind.
  package var bridge: String

  package init(
    _ transport: Transport, host: (address: IPAddress, port: UInt16), target: (address: IPAddress, port: UInt16), bridge: String
  ) {
    self.transport = transport
    hostAddress = host.address
    hostPort = host.port
    address = target.address
    port = target.port
    self.bridge = bridge
  }
}

/// How a network is connected with what is outside, for one family (Docker's `com.docker.network.bridge.gateway_mode_ipv4` and `…_ipv6`).
package enum GatewayMode: String, Hashable, Sendable {
  /// Workloads appear with an address of the host; only published ports are reached, at the host's addresses.
  case nat
  /// As `nat`, and every port can be reached at the workload's own address.
  case natUnprotected = "nat-unprotected"
  /// Workloads appear with their own addresses; published ports are reached at these, at the workload's port.
  case routed
  /// There is no way in or out, not even to the host.
  case isolated
}

/// A bridge network as the firewall sees it.
package struct FirewallNetwork: Hashable, Sendable {
  package var bridge: String
  package var subnets: [IPPrefix]
  /// Nothing gets in or out.
  package var isInternal: Bool
  package var mode4: GatewayMode
  package var mode6: GatewayMode
  /// `com.docker.network.bridge.enable_ip_masquerade`: in the modes with NAT, workloads appear with an address of the host.
  package var masquerades: Bool
  /// At most one per family: with which address of the host workloads appear (`com.docker.network.host_ipv4`, `…_ipv6`); otherwise
  /// it is that of the interface that a packet leaves by.
  package var sources: [IPAddress]
  /// The bridge keeps its workloads apart (`com.docker.network.bridge.enable_icc=false`). They reach published ports through the host's
  /// own process there: where bridged packets pass the IP rules (br_netfilter), the bridge would not let them through to one another.
  package var isolatesWorkloads: Bool

  package init(
    bridge: String, subnets: [IPPrefix], isInternal: Bool = false, mode4: GatewayMode = .nat, mode6: GatewayMode = .nat,
    masquerades: Bool = true, sources: [IPAddress] = [], isolatesWorkloads: Bool = false
  ) {
    self.bridge = bridge
    self.subnets = subnets
    self.isInternal = isInternal
    self.mode4 = mode4
    self.mode6 = mode6
    self.masquerades = masquerades
    self.sources = sources
    self.isolatesWorkloads = isolatesWorkloads
  }

  func mode(_ family: IPAddress.Family) -> GatewayMode { family == .v4 ? mode4 : mode6 }
  /// Whether nothing of any family gets in or out.
  var isClosed: Bool { isInternal || (mode4 == .isolated && mode6 == .isolated) }
}

/// Everything that the firewall holds.
package struct FirewallState: Hashable, Sendable {
  package var networks: [FirewallNetwork]
  /// Those with a loopback host address are only guarded, and those whose two addresses are of different families are left out: a
  /// process at the host's port serves both.
  package var ports: [PublishedPort]
  /// Whether packets from outside the host stay with the host's own process at the published port instead of being sent on to the
  /// workload, so that they pass the host's own rules for what it receives.
  package var localDelivery: Bool
  /// With local delivery: the one bit of the packet mark that answers get that belong to a process of the host, see `AnswerRouting`.
  package var answerMark: UInt32

  package init(
    networks: [FirewallNetwork] = [], ports: [PublishedPort] = [], localDelivery: Bool = false, answerMark: UInt32 = AnswerRouting.defaultMark
  ) {
    self.networks = networks
    self.ports = ports
    self.localDelivery = localDelivery
    self.answerMark = answerMark
  }
}
