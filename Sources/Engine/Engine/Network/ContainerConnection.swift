// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors
import Networking

/// Takes and gives back what a running container has of networks: addresses, ports, its place in zones and packet rules. Blocking.
///
/// What is taken is all on the `ConnectionRecord`, which is on disk together with the container's state: after a crash of the daemon it is
/// taken again from there.
struct ContainerConnection: Sendable {
  let services: Services
  let record: ContainerRecord

  private var host: HostConfig { record.definition.hostConfig }

  /// Whether the container has a network namespace of its own with interfaces in it.
  var hasInterfaces: Bool {
    !host.network.isHost && !host.network.isNone && host.network.container == nil && !record.definition.config.networkDisabled
  }

  /// Everything for a start, as far as possible as it was `before`. On failure nothing is taken.
  func open(preferring before: ConnectionRecord?) throws(HullError) -> ConnectionRecord? {
    guard hasInterfaces else { return nil }
    var connection = ConnectionRecord()
    do throws(HullError) {
      for name in order { connection.endpoints.append(try enter(name, among: connection, preferring: before)) }
      connection.ports = try PortChoice(services: services, record: record, connection: connection, preferred: before?.ports ?? []).take()
      try publish(connection.ports)
      try writeZones(of: connection.endpoints)
      return connection
    } catch {
      close(connection)
      throw error
    }
  }

  /// Gives everything back. What cannot be undone on the host is logged.
  func close(_ connection: ConnectionRecord) {
    unpublish(connection.ports)
    for endpoint in connection.endpoints { leave(endpoint) }
  }

  /// Takes it out of everything, but keeps its addresses and ports from being given to others.
  func suspend(_ connection: ConnectionRecord) {
    withdraw(connection.ports)
    for endpoint in connection.endpoints { depart(endpoint) }
  }

  /// What was kept is anybody's.
  func letGo(of kept: ConnectionRecord) {
    for port in kept.ports { services.ports.giveBack(port) }
    for endpoint in kept.endpoints {
      if let network = services.networks.network(id: endpoint.networkID) { EndpointChoice.release(endpoint, in: network) }
    }
  }

  /// After a start of the daemon: what a running container has is its again.
  func retake(_ connection: ConnectionRecord) {
    for endpoint in connection.endpoints {
      guard let network = services.networks.network(id: endpoint.networkID) else { continue }
      EndpointChoice.retake(endpoint, in: network)
      try? network.join(member(endpoint, network))
    }
    for port in connection.ports { services.ports.take(port, holder: record.name) }
  }

  // MARK: One network

  /// The network that the container was made for first, then the others by name: so they are numbered.
  private var order: [String] {
    let names = record.definition.networks.keys.sorted()
    let first = host.isBridge ? "bridge" : host.networkMode
    return names.filter { isNamed($0, first) } + names.filter { !isNamed($0, first) }
  }

  private func isNamed(_ name: String, _ reference: String) -> Bool {
    name == reference || record.definition.networks[name]?.networkID == reference
  }

  /// Takes a place in a network whose interface does not exist in the container yet.
  func enter(_ name: String, among connection: ConnectionRecord, preferring last: ConnectionRecord? = nil) throws(HullError) -> EndpointRecord {
    guard let network = services.networks.named(name) else {
      throw HullError(.notFound, "failed to set up container networking: network \(name) not found")
    }
    try services.hostNetwork.makeReady(network)
    let settings = record.definition.networks[name] ?? EndpointSettings()
    let before = last?.endpoints.first { $0.networkID == network.id }
    let endpoint = try EndpointChoice(network: network, settings: settings, interface: interface(network, settings, connection), before: before)
      .take()
    do throws(HullError) { try network.join(member(endpoint, network)) } catch {
      EndpointChoice.release(endpoint, in: network)
      throw error
    }
    event("connect", network)
    return endpoint
  }

  func leave(_ endpoint: EndpointRecord) {
    if let network = depart(endpoint) { EndpointChoice.release(endpoint, in: network) }
  }

  /// `nil`: it was not there.
  @discardableResult
  private func depart(_ endpoint: EndpointRecord) -> Network? {
    guard let network = services.networks.network(id: endpoint.networkID), network.leave(record.id) else { return nil }
    if network.hasNames { attempt("the names of network \(network.name)") { () throws(HullError) in try services.hostNetwork.writeZone(network) } }
    event("disconnect", network)
    return network
  }

  private func interface(_ network: Network, _ settings: EndpointSettings, _ connection: ConnectionRecord) -> String {
    if let name = settings.driverOpts?[EndpointChoice.interfaceKey], !name.isEmpty { return name }
    let taken = Set(connection.endpoints.map(\.interface))
    let prefix = network.options.interfacePrefix
    return (0...).lazy.map { "\(prefix)\($0)" }.first { !taken.contains($0) } ?? prefix
  }

  private func member(_ endpoint: EndpointRecord, _ network: Network) -> NetworkMember {
    NetworkMember(
      containerID: record.id, name: record.name, endpoint: endpoint,
      names: EndpointNames.names(record, settings: record.definition.networks[network.name]), order: Timestamp.now())
  }

  private func event(_ action: String, _ network: Network) {
    services.events.publish(
      "network", action, id: network.id, attributes: ["container": record.id, "name": network.name, "type": network.definition.driver])
  }

  // MARK: Names and ports

  /// Makes the container known by its new name.
  func renamed(_ connection: ConnectionRecord) throws(HullError) {
    for endpoint in connection.endpoints {
      guard let network = services.networks.network(id: endpoint.networkID), network.member(record.id) != nil else { continue }
      try network.join(member(endpoint, network))
    }
    try writeZones(of: connection.endpoints)
  }

  func writeZones(of endpoints: [EndpointRecord]) throws(HullError) {
    for endpoint in endpoints {
      if let network = services.networks.network(id: endpoint.networkID), network.hasNames { try services.hostNetwork.writeZone(network) }
    }
  }

  func publish(_ ports: [PortRecord]) throws(HullError) {
    if !ports.isEmpty { try services.hostNetwork.publish(ports.compactMap(published)) }
  }

  private func withdraw(_ ports: [PortRecord]) {
    guard !ports.isEmpty else { return }
    attempt("published ports") { () throws(HullError) in try services.hostNetwork.unpublish(ports.compactMap(published)) }
  }

  func unpublish(_ ports: [PortRecord]) {
    withdraw(ports)
    for port in ports { services.ports.giveBack(port) }
  }

  func published(_ port: PortRecord) -> PublishedPort? {
    guard let network = services.networks.network(id: port.networkID), network.isBridge else { return nil }
    return port.published(bridge: network.options.bridge)
  }

  private func attempt(_ what: String, _ body: () throws(HullError) -> Void) {
    do { try body() } catch { services.log.error("container \(record.id): cannot take back \(what): \(error)") }
  }
}

/// By which names a container is found in a network: its own first, then aliases, the short ID and its host name.
enum EndpointNames {
  static func names(_ record: ContainerRecord, settings: EndpointSettings?) -> [String] {
    var names = [record.name]
    for name in (settings?.aliases ?? []) + [String(record.id.prefix(12)), record.definition.config.hostname]
    where !name.isEmpty && !names.contains(name) && !name.contains(where: \.isWhitespace) { names.append(name) }
    return names
  }
}

extension PortRecord {
  func published(bridge: String) -> PublishedPort? {
    guard let transport = Transport(rawValue: key.split(separator: "/").last.map(String.init) ?? ""), let host = IPAddress(hostAddress),
      let target = IPAddress(address)
    else { return nil }
    return PublishedPort(transport, host: (host, hostPort), target: (target, port), bridge: bridge)
  }
}
