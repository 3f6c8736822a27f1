// SPDX-License-Identifier: Apache-2.0
import Addressing
import Launch

/// How a workload is connected: everything the shim needs, computed before. The same value later again, with changes, connects and disconnects.
package struct NetworkPlan: Sendable, Equatable {
  package var interfaces: [InterfacePlan] = []
  /// `nil`: no embedded name server; what is in the container's resolv.conf is asked directly.
  package var resolver: ResolverPlan?
  package var ports: [PortPlan] = []
  /// Whether a workload sees the address of a client whose connection the shim relays; the way for its answers must have been made.
  package var showsClients = false

  package init() {}
}

/// One interface inside the workload's network namespace.
package struct InterfacePlan: Sendable, Equatable {
  /// Inside: `eth0`.
  package var name: String
  package var link: LinkPlan
  /// `nil`: the kernel chooses.
  package var mac: MACAddress?
  /// Bytes; `nil`: as the bridge or parent has it.
  package var mtu: UInt32?
  /// With the host's bits: `172.17.0.2/16`.
  package var addresses: [IPPrefix] = []
  /// At most one per family; where the default route of this workload goes by this interface.
  package var gateways: [IPAddress] = []
  /// Below `/proc/sys`, with `IFNAME` for the interface's name: `net.ipv4.conf.IFNAME.log_martians`.
  package var sysctls: [Setting] = []

  package init(name: String, link: LinkPlan) {
    self.name = name
    self.link = link
  }
}

/// What stands behind an interface, in the shim's own network namespace.
package enum LinkPlan: Sendable, Equatable {
  /// A pair of which `host` stays outside as a port of `bridge`; `isolated` ports of a bridge do not reach one another.
  case veth(host: String, bridge: String, isolated: Bool)
  /// `mode` is one of `MACVLAN_MODE_*` of linux/if_link.h.
  case macvlan(parent: String, mode: UInt32)
  /// `mode` is one of `IPVLAN_MODE_*`, `flags` of `IPVLAN_F_*`.
  case ipvlan(parent: String, mode: UInt16, flags: UInt16)
}

/// The name server that answers at 127.0.0.11, port 53, inside the workload's network namespace.
package struct ResolverPlan: Sendable, Equatable {
  /// Zone files (see the DNS room) of the networks that the workload is in. Replaced by rename when a network changes.
  package var zones: [String] = []
  /// This workload's own names for others (`--link NAME:ALIAS`): ALIAS stands for NAME.
  package var aliases: [Setting] = []
  /// Who is asked about everything else, in order: addresses as the host reaches them, its loopback included; port 53.
  package var upstreams: [IPAddress] = []

  package init() {}
}

/// A published port.
package struct PortPlan: Sendable, Equatable, Hashable {
  package enum Transport: UInt8, Sendable {
    case tcp, udp, sctp
  }

  package var transport: Transport
  /// On the host; may be unspecified.
  package var hostAddress: IPAddress
  package var hostPort: UInt16
  /// The workload's.
  package var address: IPAddress
  package var port: UInt16

  package init(_ transport: Transport, host: (address: IPAddress, port: UInt16), target: (address: IPAddress, port: UInt16)) {
    self.transport = transport
    hostAddress = host.address
    hostPort = host.port
    address = target.address
    port = target.port
  }
}
