// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors
import LinuxSystem
import Networking

/// Which ports of the host a container gets for those that it publishes.
struct PortChoice {
  let services: Services
  let record: ContainerRecord
  let connection: ConnectionRecord
  /// What it had before: where any port will do, it has the same again when that is free.
  var preferred: [PortRecord] = []

  private var host: HostConfig { record.definition.hostConfig }

  /// All of them; on failure none is taken.
  func take() throws(HullError) -> [PortRecord] { try take(try PortBindings(host, record.definition.config)) }

  func take(_ bindings: PortBindings) throws(HullError) -> [PortRecord] {
    guard let target = target() else { return [] }
    var taken: [PortRecord] = []
    do throws(HullError) {
      for (key, binding) in bindings.all { taken += try take(key, binding, target) }
      return taken
    } catch {
      for port in taken { services.ports.giveBack(port) }
      throw error
    }
  }

  /// The same ports of the host, leading to where the default route is now; those of a container that had none are chosen anew.
  func moved(_ ports: [PortRecord]) throws(HullError) -> [PortRecord] {
    guard let target = target() else {
      for port in ports { services.ports.giveBack(port) }
      return []
    }
    if ports.isEmpty { return try take() }
    return ports.compactMap { port in
      guard let key = try? PortKey(port.key), let address = IPAddress(port.hostAddress) else { return nil }
      return record(key, address, port.hostPort, target)
    }
  }

  /// The endpoint that has the default route of a family, on a bridge: what comes to it from outside can be answered.
  private func target() -> (v4: EndpointRecord?, v6: EndpointRecord?)? {
    let gateways = GatewayChoice(
      endpoints: connection.endpoints.filter { services.networks.network(id: $0.networkID)?.isBridge ?? false }, settings: record.definition.networks)
    let (v4, v6) = (gateways.endpoint(.v4), gateways.endpoint(.v6))
    return v4 == nil && v6 == nil ? nil : (v4, v6)
  }

  func take(_ key: PortKey, _ binding: PortBinding, _ target: (v4: EndpointRecord?, v6: EndpointRecord?)) throws(HullError) -> [PortRecord] {
    let addresses = try hostAddresses(binding, target)
    var request = PortRequest(key.transport, addresses, try PortKey.range(binding.hostPort), holder: record.name)
    if request.ports == nil, let port = again(key, addresses) { return addresses.compactMap { record(key, $0, port, target) } }
    while true {
      let port = try services.ports.allocator.allocate(request)
      guard let other = addresses.first(where: { !HostPort.isFree(port, key.transport, $0) }) else {
        return addresses.compactMap { record(key, $0, port, target) }
      }
      // The only port there is stays ours: the shim, who binds it, says who has it.
      if let range = request.ports, range.count == 1 { return addresses.compactMap { record(key, $0, port, target) } }
      services.ports.allocator.release(port, key.transport, addresses)
      request.unusable.insert(port)
      services.log.debug("port \(other.withBrackets):\(port)/\(key.transport.rawValue) is in use: another is taken")
    }
  }

  private func again(_ key: PortKey, _ addresses: [IPAddress]) -> UInt16? {
    guard let port = preferred.first(where: { $0.key == key.text && addresses.contains(IPAddress($0.hostAddress) ?? IPAddress(.v6, 1)) })?.hostPort,
      addresses.allSatisfy({ HostPort.isFree(port, key.transport, $0) })
    else { return nil }
    return try? services.ports.allocator.allocate(PortRequest(key.transport, addresses, port...port, holder: record.name))
  }

  /// An address that is not named is every address, of both families.
  private func hostAddresses(_ binding: PortBinding, _ target: (v4: EndpointRecord?, v6: EndpointRecord?)) throws(HullError) -> [IPAddress] {
    let network = (target.v4 ?? target.v6).flatMap { services.networks.network(id: $0.networkID) }
    guard binding.hostIP.isEmpty else {
      guard let address = IPAddress(binding.hostIP) else { throw HullError(.invalidArgument, "invalid IP address: \(binding.hostIP)") }
      return [address]
    }
    let preset = network?.options.bindAddress ?? IPAddress(services.networkSettings.bindAddress) ?? IPAddress(.v4, 0)
    return preset == IPAddress(.v4, 0) ? [preset] + (HostPort.hasIPv6 ? [IPAddress(.v6, 0)] : []) : [preset]
  }

  /// A port of IPv6 goes to an IPv4 address when the container has no other, and the other way round.
  private func record(_ key: PortKey, _ address: IPAddress, _ port: UInt16, _ target: (v4: EndpointRecord?, v6: EndpointRecord?)) -> PortRecord? {
    let own = address.family == .v4 ? target.v4 : target.v6
    guard let endpoint = own ?? target.v4 ?? target.v6 else { return nil }
    guard let inside = endpoint.address(address.family) ?? endpoint.address(.v4) ?? endpoint.address(.v6) else { return nil }
    return PortRecord(
      key: key.text, hostAddress: address.description, hostPort: port, address: inside.description, port: key.port, networkID: endpoint.networkID)
  }
}

/// `80/tcp`
struct PortKey: Hashable {
  let port: UInt16
  let transport: Transport
  var text: String { "\(port)/\(transport.rawValue)" }

  init(_ text: String) throws(HullError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count <= 2, let port = UInt16(parts[0]), let transport = Transport(rawValue: parts.count == 2 ? parts[1].lowercased() : "tcp") else {
      throw HullError(.invalidArgument, "invalid port specification: \"\(text)\"")
    }
    self.port = port
    self.transport = transport
  }

  /// `8080`, `8000-8010`; `nil` for none and for 0: any.
  static func range(_ text: String) throws(HullError) -> ClosedRange<UInt16>? {
    if text.isEmpty || text == "0" { return nil }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
    guard ends.count <= 2, let low = ends[0], let high = ends[ends.count - 1], low <= high, low > 0 else {
      throw HullError(.invalidArgument, "invalid port specification: \"\(text)\"")
    }
    return low...high
  }
}

/// What a container publishes: what was named, and with `PublishAllPorts` everything that is exposed.
struct PortBindings {
  private(set) var all: [(PortKey, PortBinding)] = []

  init(_ host: HostConfig, _ config: ContainerConfig) throws(HullError) {
    var named: Set<PortKey> = []
    for (text, bindings) in (host.portBindings ?? [:]).sorted(by: { $0.key < $1.key }) {
      let key = try PortKey(text)
      named.insert(key)
      for binding in bindings ?? [] {
        _ = try PortKey.range(binding.hostPort)
        guard binding.hostIP.isEmpty || IPAddress(binding.hostIP) != nil else {
          throw HullError(.invalidArgument, "invalid IP address: \(binding.hostIP)")
        }
        all.append((key, binding))
      }
      if (bindings ?? []).isEmpty { all.append((key, PortBinding())) }
    }
    guard host.publishAllPorts else { return }
    for text in config.exposedPorts.keys.sorted() {
      let key = try PortKey(text)
      if !named.contains(key) { all.append((key, PortBinding())) }
    }
    all.sort { ($0.0.port, $0.0.transport.rawValue) < ($1.0.port, $1.0.transport.rawValue) }
  }
}

/// The engine's ports, by the records that containers keep.
struct PortRegistry: Sendable {
  let allocator: PortAllocator

  func giveBack(_ port: PortRecord) {
    guard let key = try? PortKey(port.key), let address = IPAddress(port.hostAddress) else { return }
    allocator.release(port.hostPort, key.transport, [address])
  }

  func take(_ port: PortRecord, holder: String) {
    guard let key = try? PortKey(port.key), let address = IPAddress(port.hostAddress) else { return }
    _ = try? allocator.allocate(PortRequest(key.transport, [address], port.hostPort...port.hostPort, holder: holder))
  }
}
