// SPDX-License-Identifier: Apache-2.0
import Addressing
import DNS
import Errors
import Foundation
import Glibc
import Logging
import Networking
import Synchronization

/// What networks are on the host: bridges, parents, packet rules, files with names. Blocking.
///
/// The default network's bridge and the packet rules come into being with the first container or network that needs them: an engine whose
/// containers have no network leaves the host as it is.
final class HostNetwork: Sendable {
  private let paths: Paths
  let settings: NetworkConfiguration
  let log: Logger
  let firewall: Firewall
  let ready = Mutex<[String: String]>([:])
  let filters = Mutex(false)
  private let zones = Mutex(())
  /// Held while something of a network is made on the host or taken away.
  private let making = Mutex(())
  let watch = Mutex<RulesetWatch?>(nil)
  /// The host's own filters as they were when somebody last changed rules.
  let seen = Mutex(HostFirewall())
  /// Called when the shims must be told of another way to published ports.
  let deliveryChanged = Mutex<(@Sendable () -> Void)?>(nil)

  init(paths: Paths, settings: NetworkConfiguration, log: Logger) throws(HullError) {
    self.paths = paths
    self.settings = settings
    self.log = log
    firewall = try Firewall(table: settings.table)
  }

  /// What of the host's own addresses and routes is not to be given to a network.
  func taken() throws(HullError) -> [TakenPrefix] {
    let own = Set(ready.withLock { $0.values })
    let servers = ResolvConf(HostFiles.text("/etc/resolv.conf") ?? "").servers.filter { !$0.isLoopback }
    return try HostNetworks.taken(excluding: own.union([settings.bridge])) + servers.map { TakenPrefix(IPPrefix($0, $0.family.bits), .nameServer) }
  }

  // MARK: Networks

  /// Makes a new network's part on the host. On failure nothing is left.
  func make(_ network: Network) throws(HullError) {
    do throws(HullError) { try makeReady(network) } catch {
      try? remove(network)
      throw error
    }
  }

  /// Whatever of a network is missing is made; what is there is left alone.
  func makeReady(_ network: Network) throws(HullError) {
    guard network.addresses != nil else { return }
    func isReady() -> Bool { ready.withLock { $0[network.id] != nil } }
    if isReady() { return }
    try alone { () throws(HullError) in if !isReady() { try build(network) } }
  }

  private func alone(_ body: () throws(HullError) -> Void) throws(HullError) {
    let result: Result<Void, HullError> = making.withLock { _ in Result { () throws(HullError) in try body() } }
    try result.get()
  }

  private func build(_ network: Network) throws(HullError) {
    let device = try network.isBridge ? makeBridge(network) : ParentDriver.ensure(network.options.parent, id: network.id)
    if network.isBridge { try enforce(network.rules) }
    if network.hasNames { try writeZone(network) }
    ready.withLock { $0[network.id] = device }
  }

  func makeBridge(_ network: Network) throws(HullError) -> String {
    let bridge = network.options.bridge
    let gateways = (network.addresses?.gateways ?? []).filter { prefix in
      network.options.mode(prefix.family) != .isolated && !(prefix.family == .v4 && network.options.inhibitIPv4)
    }
    let definition = BridgeDefinition(
      id: network.id, name: bridge, mtu: network.options.mtu, gateways: gateways, isInternal: network.definition.isInternal)
    for notice in try BridgeDriver.ensure(definition) { log.notice("network \(network.name): \(notice)") }
    return bridge
  }

  /// The first rules replace whatever an earlier daemon has left.
  private func enforce(_ rules: FirewallNetwork) throws(HullError) {
    let isFirst = filters.withLock { filters in
      defer { filters = true }
      return !filters
    }
    do throws(HullError) {
      if isFirst { try install(FirewallState(networks: [rules])) } else { try firewall.add(rules) }
    } catch {
      if isFirst { filters.withLock { $0 = false } }
      throw error
    }
  }

  /// Puts all rules into force, and from then on looks at what others change.
  func install(_ state: FirewallState) throws(HullError) {
    var state = state
    try startWatch()
    state.localDelivery = try wantsLocalDelivery()
    if state.localDelivery { try AnswerRouting.set(mark: state.answerMark) }
    try firewall.replace(state)
  }

  private func startWatch() throws(HullError) {
    let result: Result<Void, HullError> = watch.withLock { watch in
      Result { () throws(HullError) in
        guard watch == nil else { return }
        let new = try RulesetWatch()
        new.start { [weak self] in
          guard let self, review() else { return }
          deliveryChanged.withLock { $0 }?()
        }
        watch = new
      }
    }
    try result.get()
  }

  /// Whether rules are in force.
  var isFiltering: Bool { filters.withLock { $0 } }

  func remove(_ network: Network) throws(HullError) {
    if network.addresses != nil { try alone { () throws(HullError) in try dismantle(network) } }
  }

  /// The kernel takes its time for each of the two, so they go at once.
  private func removeBridge(_ network: Network) throws(HullError) {
    let (firewall, bridge, filtered) = (firewall, network.options.bridge, isFiltering)
    let rules = Mutex<Result<Void, HullError>>(.success(()))
    let done = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      let result = Result { () throws(HullError) in if filtered { try firewall.remove(bridge: bridge) } }
      rules.withLock { $0 = result }
      done.signal()
    }
    let link = Result { () throws(HullError) in try BridgeDriver.remove(name: bridge, id: network.id) }
    done.wait()
    try rules.withLock { $0 }.get()
    try link.get()
  }

  private func dismantle(_ network: Network) throws(HullError) {
    if network.isBridge {
      try removeBridge(network)
    } else {
      try ParentDriver.remove(parent(of: network), id: network.id)
    }
    ready.withLock { $0[network.id] = nil }
    unlink(paths.zone(network.id))
  }

  /// The interface that containers' interfaces of a macvlan or ipvlan network lie on.
  func parent(of network: Network) -> String { network.options.parent ?? ParentDriver.dummyName(network.id) }

  // MARK: Ports and names

  func publish(_ ports: [PublishedPort]) throws(HullError) { if !ports.isEmpty { try firewall.add(ports) } }
  func unpublish(_ ports: [PublishedPort]) throws(HullError) { if !ports.isEmpty { try firewall.remove(ports) } }

  /// From where a published port is reached.
  func exposure(of ports: [PublishedPort]) throws(HullError) -> [Exposure] {
    let host = try HostFirewall.read(excluding: [firewall.table])
    let addresses = try HostNetworks.addresses()
    return ports.map { Exposure(of: $0, addresses: addresses, host: host, localDelivery: deliversLocally) }
  }

  /// Replaces the file that the name servers in a network's containers look into. Whoever reads sees the old one or the new one.
  func writeZone(_ network: Network) throws(HullError) {
    let result: Result<Void, HullError> = zones.withLock { _ in
      Result { () throws(HullError) in
        let path = paths.zone(network.id)
        let text = try Zone.encode(network: network.name, network.zone)
        try HostFiles.write(String(decoding: text, as: UTF8.self), to: path + ".new")
        try HostFiles.rename(path + ".new", to: path)
      }
    }
    try result.get()
  }
}

extension Network {
  var rules: FirewallNetwork {
    FirewallNetwork(
      bridge: options.bridge, subnets: subnets.map(\.subnet), isInternal: definition.isInternal, mode4: options.mode(.v4), mode6: options.mode(.v6),
      masquerades: options.masquerades, sources: options.sources, isolatesWorkloads: !options.interContainer)
  }
}
