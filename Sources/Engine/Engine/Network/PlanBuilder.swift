// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors
import Launch
import Networking
import ShimProtocol

/// Turns how a container is connected into what its shim is told.
struct PlanBuilder {
  let services: Services
  let record: ContainerRecord
  let connection: ConnectionRecord

  func plan() throws(HullError) -> NetworkPlan {
    var plan = NetworkPlan()
    let gateways = GatewayChoice(endpoints: connection.endpoints, settings: record.definition.networks)
    for endpoint in connection.endpoints { plan.interfaces.append(try interface(endpoint, gateways)) }
    plan.resolver = resolver()
    plan.ports = connection.ports.compactMap(\.plan)
    plan.showsClients = services.hostNetwork.deliversLocally
    return plan
  }

  private func interface(_ endpoint: EndpointRecord, _ gateways: GatewayChoice) throws(HullError) -> InterfacePlan {
    let network = try services.networks.find(endpoint.networkID)
    var interface = InterfacePlan(name: endpoint.interface, link: try link(endpoint, network))
    interface.mac = MACAddress(endpoint.mac)
    interface.mtu = network.options.mtu
    interface.addresses = endpoint.addresses
    interface.gateways = gateways.gateways(of: endpoint)
    let settings = record.definition.networks[network.name]
    for text in settings?.ipamConfig?.linkLocalIPs ?? [] {
      if let address = IPAddress(text) { interface.addresses.append(IPPrefix(address, address.family == .v4 ? 16 : 64)) }
    }
    interface.sysctls = try EndpointSysctls.parse(settings?.driverOpts ?? [:])
    return interface
  }

  private func link(_ endpoint: EndpointRecord, _ network: Network) throws(HullError) -> LinkPlan {
    let options = network.definition.options
    switch network.definition.driver {
    case "bridge": return .veth(host: endpoint.link, bridge: network.options.bridge, isolated: !network.options.interContainer)
    case "macvlan": return .macvlan(parent: services.hostNetwork.parent(of: network), mode: try VirtualLAN.macvlanMode(options["macvlan_mode"]))
    case "ipvlan":
      let (mode, flags) = try VirtualLAN.ipvlanMode(options["ipvlan_mode"], options["ipvlan_flag"])
      return .ipvlan(parent: services.hostNetwork.parent(of: network), mode: mode, flags: flags)
    case let driver: throw HullError(.internalError, "network \(network.name) of driver \(driver) has no interfaces")
    }
  }

  /// Names are answered in user-defined networks; elsewhere only what the host's loopback has, which a container cannot reach itself.
  private func resolver() -> ResolverPlan? {
    let networks = connection.endpoints.compactMap { services.networks.network(id: $0.networkID) }
    let named = networks.filter(\.hasNames)
    let servers = NameServers(host: record.definition.hostConfig, settings: services.networkSettings)
    guard !named.isEmpty || (!networks.isEmpty && servers.needsForwarder) else { return nil }
    var plan = ResolverPlan()
    plan.zones = named.map { services.paths.zone($0.id) }
    plan.aliases = aliases(named)
    plan.upstreams = servers.addresses
    return plan
  }

  /// `--link NAME:ALIAS` in user-defined networks.
  private func aliases(_ networks: [Network]) -> [Setting] {
    networks.flatMap { record.definition.networks[$0.name]?.links ?? [] }.compactMap { Link($0) }.map { link in
      Setting(link.alias, (try? services.registry.find(link.target).view.record.name) ?? link.target)
    }
  }
}

/// `NAME[:ALIAS]`
struct Link: Equatable {
  let target: String
  let alias: String

  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), !parts[0].isEmpty else { return nil }
    target = parts[0].hasPrefix("/") ? String(parts[0].dropFirst()) : parts[0]
    alias = (parts.count == 2 && !parts[1].isEmpty ? parts[1] : target).split(separator: "/").last.map(String.init) ?? target
  }
}

extension PortRecord {
  var transport: PortPlan.Transport? {
    switch key.split(separator: "/").last {
    case "tcp": .tcp
    case "udp": .udp
    case "sctp": .sctp
    default: nil
    }
  }

  var plan: PortPlan? {
    guard let transport, let host = IPAddress(hostAddress), let target = IPAddress(address) else { return nil }
    return PortPlan(transport, host: (host, hostPort), target: (target, port))
  }
}

/// `com.docker.network.endpoint.sysctls`: `net.ipv4.conf.IFNAME.log_martians=1,…`
enum EndpointSysctls {
  static let key = "com.docker.network.endpoint.sysctls"

  static func parse(_ options: [String: String]) throws(HullError) -> [Setting] {
    guard let text = options[key], !text.isEmpty else { return [] }
    var settings: [Setting] = []
    for part in text.split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let words = pair[0].split(separator: ".", omittingEmptySubsequences: false)
      guard pair.count == 2, words.count == 5, words[0] == "net", ["ipv4", "ipv6", "mpls"].contains(words[1]), words[3] == "IFNAME",
        words.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isNamePart) })
      else {
        throw HullError(.invalidArgument, "unrecognised or incorrectly formatted sysctl '\(part)': use net.ipv4.conf.IFNAME.NAME=VALUE")
      }
      settings.append(Setting(pair[0], pair[1]))
    }
    return settings
  }

  /// No name of a setting has anything else; least of all a slash.
  private static func isNamePart(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2D
  }
}

/// The modes of linux/if_link.h by Docker's names.
enum VirtualLAN {
  static func macvlanMode(_ name: String?) throws(HullError) -> UInt32 {
    switch name ?? "" {
    case "", "bridge": return 4
    case "private": return 1
    case "vepa": return 2
    case "passthru": return 8
    case let name: throw HullError(.invalidArgument, "unknown macvlan mode \(name): use bridge, private, vepa or passthru")
    }
  }

  static func ipvlanMode(_ name: String?, _ flag: String?) throws(HullError) -> (mode: UInt16, flags: UInt16) {
    let modes: [String: UInt16] = ["": 0, "l2": 0, "l3": 1, "l3s": 2]
    let flags: [String: UInt16] = ["": 0, "bridge": 0, "private": 1, "vepa": 2]
    guard let mode = modes[name ?? ""] else { throw HullError(.invalidArgument, "unknown ipvlan mode \(name ?? ""): use l2, l3 or l3s") }
    guard let flag = flags[flag ?? ""] else { throw HullError(.invalidArgument, "unknown ipvlan flag \(flag ?? ""): use bridge, private or vepa") }
    return (mode, flag)
  }
}
