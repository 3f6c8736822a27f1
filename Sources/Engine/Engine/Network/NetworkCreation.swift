// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors
import Networking

/// Checks what is asked for a new network and fills in what is left open. With the registry's lock held. Blocking: the host's routes are read.
struct NetworkCreation {
  let services: Services
  let request: NetworkCreateRequest

  func record() throws(HullError) -> NetworkRecord {
    try checkName()
    let source = try configuration()
    let id = randomIdentifier()
    var definition = try definition(from: source)
    let options = NetworkOptions(definition, id: id)
    try options.check()
    if definition.driver == "bridge" { try checkBridge(options.bridge) } else { try checkParent(options.parent, options, definition.driver) }
    if definition.configOnly {
      definition.subnets = (request.ipam?.config ?? []).map(\.subnetRecord)
    } else {
      definition.subnets = try subnets(definition, from: source).map(\.record)
    }
    return NetworkRecord(id: id, name: request.name, created: Timestamp.now(), definition: definition)
  }

  private func checkName() throws(HullError) {
    let name = request.name
    guard !name.allSatisfy(\.isWhitespace), !name.contains(where: { $0 == "/" || $0 == "\\" || $0.isNewline }),
      !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
    else {
      throw HullError(
        .invalidArgument, "invalid network name \"\(name)\": it must not be empty nor contain slashes or control characters")
    }
    guard !["default", "container"].contains(name), !PredefinedNetworks.exists(name), !name.hasPrefix("container:") else {
      throw HullError(.forbidden, "operation is not permitted on predefined \(name) network ")
    }
    guard services.networks.named(name) == nil else { throw HullError(.conflict, "network with name \(name) already exists") }
  }

  /// The network whose configuration is to be used.
  private func configuration() throws(HullError) -> NetworkDefinition? {
    guard let name = request.configFrom?.network, !name.isEmpty else { return nil }
    let network = try services.networks.find(name)
    guard network.definition.configOnly else {
      throw HullError(.forbidden, "configuration network \(name) is not a configuration only network: create it with --config-only")
    }
    guard !request.configOnly else { throw HullError(.invalidArgument, "a configuration network cannot depend on another configuration network") }
    return network.definition
  }

  private func definition(from source: NetworkDefinition?) throws(HullError) -> NetworkDefinition {
    var definition = NetworkDefinition(driver: request.driver.isEmpty || request.driver == "default" ? "bridge" : request.driver)
    guard ["bridge", "macvlan", "ipvlan"].contains(definition.driver) else { throw refusedDriver(definition.driver) }
    guard ["", "local"].contains(request.scope) else {
      throw HullError(.invalidArgument, "invalid scope \(request.scope): hull has networks of one host (scope local)")
    }
    guard !request.ingress else { throw HullError(.invalidArgument, "an ingress network needs a swarm, which hull does not have") }
    let ipamDriver = request.ipam?.driver ?? ""
    guard ["", "default"].contains(ipamDriver) else {
      throw HullError(.invalidArgument, "invalid ipam driver: plugin \"\(ipamDriver)\" not found: hull has the driver 'default'")
    }
    definition.ipv4 = request.enableIPv4 ?? source?.ipv4 ?? true
    // Who names an IPv6 subnet wants IPv6.
    let namesIPv6 = (request.ipam?.config ?? []).contains { IPPrefix($0.subnet)?.family == .v6 }
    definition.ipv6 = request.enableIPv6 ?? source?.ipv6 ?? namesIPv6
    guard definition.ipv4 || definition.ipv6 else { throw HullError(.invalidArgument, "IPv4 or IPv6 must be enabled") }
    definition.isInternal = request.internal || source?.isInternal ?? false
    definition.attachable = request.attachable
    definition.configOnly = request.configOnly
    definition.configFrom = request.configFrom?.network ?? ""
    definition.options = (source?.options ?? [:]).merging(request.options) { _, new in new }
    definition.labels = (source?.labels ?? [:]).merging(request.labels) { _, new in new }
    definition.ipamOptions = request.ipam?.options
    let named = request.ipam?.config ?? []
    definition.hasUserSubnets = named.isEmpty ? source?.subnets.isEmpty == false : named.contains { !$0.subnet.isEmpty }
    return definition
  }

  private func refusedDriver(_ driver: String) -> HullError {
    switch driver {
    case "host", "null": HullError(.forbidden, "only one instance of \"\(driver)\" network is allowed")
    case "overlay": HullError(.invalidArgument, "driver overlay needs a swarm, which hull does not have: use bridge, macvlan or ipvlan")
    default: HullError(.notFound, "could not find plugin \(driver) in v1 plugin registry: plugin not found: use bridge, macvlan or ipvlan")
    }
  }

  private func checkBridge(_ bridge: String) throws(HullError) {
    guard let other = services.networks.all.first(where: { $0.isBridge && $0.options.bridge == bridge }) else { return }
    throw HullError(.forbidden, "cannot create network \(request.name): bridge name \(bridge) is used by network \(other.name)")
  }

  private func checkParent(_ parent: String?, _ options: NetworkOptions, _ driver: String) throws(HullError) {
    if driver == "macvlan" { _ = try VirtualLAN.macvlanMode(request.options["macvlan_mode"]) }
    if driver == "ipvlan" { _ = try VirtualLAN.ipvlanMode(request.options["ipvlan_mode"], request.options["ipvlan_flag"]) }
    guard let parent, let other = services.networks.all.first(where: { $0.addresses != nil && !$0.isBridge && $0.options.parent == parent }) else {
      return
    }
    throw HullError(.forbidden, "network \(other.name) is already using parent interface \(parent)")
  }

  private func subnets(_ definition: NetworkDefinition, from source: NetworkDefinition?) throws(HullError) -> [SubnetConfiguration] {
    var asked = (request.ipam?.config ?? []).map(\.request)
    if asked.isEmpty, let source { asked = source.subnets.map { IPAMConfig($0).request } }
    if definition.driver == "bridge", let extra = duplicateFamily(asked) {
      throw HullError(.invalidArgument, "bridge driver doesn't support multiple subnets of one family: \(extra): make another network")
    }
    let pools = AddressPools(services.networkSettings.pools + [.uniqueLocal(globalID: services.uniqueLocalID)])
    return try pools.plan(asked, ipv4: definition.ipv4, ipv6: definition.ipv6, avoiding: services.networks.taken + services.hostNetwork.taken())
  }

  private func duplicateFamily(_ asked: [SubnetRequest]) -> String? {
    var seen: Set<IPAddress.Family> = []
    return asked.first { request in IPPrefix(request.subnet).map { !seen.insert($0.family).inserted } ?? false }?.subnet
  }
}

extension IPAMConfig {
  init(_ subnet: NetworkDefinition.Subnet) {
    self.init()
    self.subnet = subnet.subnet
    ipRange = subnet.range ?? ""
    gateway = subnet.gateway ?? ""
    auxiliaryAddresses = subnet.auxiliary ?? [:]
  }

  var request: SubnetRequest { SubnetRequest(subnet: subnet, range: ipRange, gateway: gateway, auxiliary: auxiliaryAddresses) }

  var subnetRecord: NetworkDefinition.Subnet {
    NetworkDefinition.Subnet(
      subnet: subnet, range: ipRange.isEmpty ? nil : ipRange, gateway: gateway.isEmpty ? nil : gateway,
      auxiliary: auxiliaryAddresses.isEmpty ? nil : auxiliaryAddresses)
  }
}
