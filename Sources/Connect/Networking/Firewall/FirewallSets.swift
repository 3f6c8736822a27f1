// SPDX-License-Identifier: Apache-2.0
import Addressing

/// The named sets and maps of the table. The rules never change: networks and ports come and go as elements, so that the last one costs as
/// much as the first.
enum FirewallSet: String, CaseIterable, Hashable {
  /// The bridges of all networks.
  case bridges
  /// Those that nothing gets into or out of.
  case closed, closed4, closed6
  /// Those whose workloads are served by a process of the host at published ports.
  case relayed
  /// Every bridge with itself.
  case same
  /// Subnets with the bridge that they are behind.
  case hairpin4, hairpin6
  /// Subnets whose workloads appear with an address of the host: of the interface, or this one.
  case masquerade4, masquerade6, source4, source6
  /// The bridges where every port, or ping, is let in.
  case unprotected4, unprotected6, routed4, routed6
  /// Host address and port to the workload's; those at every address apart.
  case ports4, ports6, everywhere4, everywhere6
  /// The workload's address and port, where it is reached at these.
  case open4, open6
  /// Loopback addresses and ports that only the host itself may reach.
  case loopback4, loopback6

  var declaration: String {
    switch self {
    case .bridges, .relayed, .closed, .closed4, .closed6, .unprotected4, .unprotected6, .routed4, .routed6: "set \(rawValue) { type ifname; }"
    case .same: "set \(rawValue) { type ifname . ifname; }"
    case .hairpin4: "set \(rawValue) { type ipv4_addr . ifname; flags interval; }"
    case .hairpin6: "set \(rawValue) { type ipv6_addr . ifname; flags interval; }"
    case .masquerade4: "set \(rawValue) { type ipv4_addr; flags interval; }"
    case .masquerade6: "set \(rawValue) { type ipv6_addr; flags interval; }"
    case .source4: "map \(rawValue) { type ipv4_addr : ipv4_addr; flags interval; }"
    case .source6: "map \(rawValue) { type ipv6_addr : ipv6_addr; flags interval; }"
    case .ports4: "map \(rawValue) { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }"
    case .ports6: "map \(rawValue) { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }"
    case .everywhere4: "map \(rawValue) { type inet_proto . inet_service : ipv4_addr . inet_service; }"
    case .everywhere6: "map \(rawValue) { type inet_proto . inet_service : ipv6_addr . inet_service; }"
    case .open4, .loopback4: "set \(rawValue) { type ipv4_addr . inet_proto . inet_service; }"
    case .open6, .loopback6: "set \(rawValue) { type ipv6_addr . inet_proto . inet_service; }"
    }
  }

  /// The one of two that is for a family.
  static func of(_ family: IPAddress.Family, _ v4: FirewallSet, _ v6: FirewallSet) -> FirewallSet { family == .v4 ? v4 : v6 }
}

/// Elements by the set that they belong to.
struct FirewallElements {
  private(set) var elements: [FirewallSet: [String]] = [:]

  mutating func add(_ network: FirewallNetwork) {
    let bridge = "\"\(network.bridge)\""
    append(bridge, to: .bridges)
    append("\(bridge) . \(bridge)", to: .same)
    if network.isolatesWorkloads { append(bridge, to: .relayed) }
    if network.isClosed {
      append(bridge, to: .closed)
    } else {
      for family in [IPAddress.Family.v4, .v6] { addMode(network, family, bridge) }
    }
  }

  private mutating func addMode(_ network: FirewallNetwork, _ family: IPAddress.Family, _ bridge: String) {
    let mode = network.mode(family)
    switch mode {
    case .nat: break
    case .natUnprotected: append(bridge, to: .of(family, .unprotected4, .unprotected6))
    case .routed: append(bridge, to: .of(family, .routed4, .routed6))
    case .isolated: append(bridge, to: .of(family, .closed4, .closed6))
    }
    guard mode == .nat || mode == .natUnprotected else { return }
    for subnet in network.subnets where subnet.family == family {
      append("\(subnet.network) . \(bridge)", to: .of(family, .hairpin4, .hairpin6))
      guard network.masquerades else { continue }
      if let source = network.sources.first(where: { $0.family == family }) {
        append("\(subnet.network) : \(source)", to: .of(family, .source4, .source6))
      } else {
        append("\(subnet.network)", to: .of(family, .masquerade4, .masquerade6))
      }
    }
  }

  /// `network`: the one that the workload is in; `nil` is taken for one with NAT.
  mutating func add(_ port: PublishedPort, in network: FirewallNetwork?) {
    let family = port.hostAddress.family
    let service = "\(port.transport.rawValue) . \(port.hostPort)"
    if port.hostAddress.isLoopback {
      append("\(port.hostAddress) . \(service)", to: .of(family, .loopback4, .loopback6))
      return
    }
    guard port.address.family == family, network?.isClosed != true else { return }
    switch network?.mode(family) ?? .nat {
    case .isolated: break
    case .routed: append("\(port.address) . \(port.transport.rawValue) . \(port.port)", to: .of(family, .open4, .open6))
    case .nat, .natUnprotected:
      let target = "\(port.address) . \(port.port)"
      if port.hostAddress.isUnspecified {
        append("\(service) : \(target)", to: .of(family, .everywhere4, .everywhere6))
      } else {
        append("\(port.hostAddress) . \(service) : \(target)", to: .of(family, .ports4, .ports6))
      }
    }
  }

  private mutating func append(_ element: String, to set: FirewallSet) { elements[set, default: []].append(element) }
}
