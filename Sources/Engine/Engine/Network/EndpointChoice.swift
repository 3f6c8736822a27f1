// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors
import Networking

/// One end of a container in a network: checks what is asked for and gives it addresses. What it takes is given back by `EndpointChoice.release`.
struct EndpointChoice {
  let network: Network
  let settings: EndpointSettings
  /// Inside: `eth0`.
  let interface: String
  /// What the container had before; it has that again unless it asks for something else or another has it.
  var before: EndpointRecord?

  func take() throws(HullError) -> EndpointRecord {
    try EndpointChoice.check(settings, in: network)
    let id = randomIdentifier()
    var endpoint = EndpointRecord(network: network.name, networkID: network.id, id: id, interface: interface)
    guard let addresses = network.addresses else { return endpoint }
    do throws(HullError) {
      if network.definition.ipv4 && has(.v4) { endpoint.ipv4 = try take(.v4, settings.ipamConfig?.ipv4Address, from: addresses).description }
      if network.definition.ipv6 && has(.v6) { endpoint.ipv6 = try take(.v6, settings.ipamConfig?.ipv6Address, from: addresses).description }
      endpoint.mac = try mac(endpoint)
    } catch {
      EndpointChoice.release(endpoint, in: network)
      throw error
    }
    endpoint.gateway4 = network.gateway(.v4)?.description
    endpoint.gateway6 = network.gateway(.v6)?.description
    if network.isBridge { endpoint.link = "veth" + id.prefix(7) }
    return endpoint
  }

  static func release(_ endpoint: EndpointRecord, in network: Network) {
    for address in endpoint.addresses { network.addresses?.release(address.address) }
  }

  /// After a restart of the daemon: what is on record belongs to it again.
  static func retake(_ endpoint: EndpointRecord, in network: Network) {
    for address in endpoint.addresses { _ = try? network.addresses?.reserve(address.address) }
  }

  private func has(_ family: IPAddress.Family) -> Bool { network.subnets.contains { $0.subnet.family == family } }

  private func take(_ family: IPAddress.Family, _ asked: String?, from space: AddressSpace) throws(HullError) -> IPPrefix {
    guard let asked, !asked.isEmpty, let address = IPAddress(asked) else {
      if let last = before?.address(family), let again = try? space.reserve(last) { return again }
      return try space.allocate(family)
    }
    do { return try space.reserve(address) } catch {
      guard error.code == .forbidden, let holder = network.all.first(where: { $0.endpoint.addresses.contains { $0.address == address } }) else {
        throw error
      }
      throw HullError(error.code, "\(error.message): \(address) belongs to container \(holder.name)")
    }
  }

  private func mac(_ endpoint: EndpointRecord) throws(HullError) -> String {
    if !settings.macAddress.isEmpty {
      guard let mac = MACAddress(settings.macAddress) else { throw HullError(.invalidArgument, "invalid MAC address: \(settings.macAddress)") }
      return mac.description
    }
    guard network.definition.driver != "ipvlan", let address = endpoint.address(.v4) ?? endpoint.address(.v6) else { return "" }
    return MACAddress(for: address).description
  }

  /// The driver option for the name of the interface inside.
  static let interfaceKey = "com.docker.network.endpoint.ifname"

  /// Docker's rules for what a container may ask of a network.
  static func check(_ settings: EndpointSettings, in network: Network) throws(HullError) {
    let asked = [settings.ipamConfig?.ipv4Address ?? "", settings.ipamConfig?.ipv6Address ?? ""]
    for text in asked where !text.isEmpty && IPAddress(text) == nil {
      throw HullError(.invalidArgument, "invalid endpoint settings:\ninvalid IP address: \(text)")
    }
    if let text = asked.first, !text.isEmpty, IPAddress(text)?.family != .v4 {
      throw HullError(.invalidArgument, "invalid endpoint settings:\ninvalid IPv4 address: \(text)")
    }
    if let text = asked.last, !text.isEmpty, IPAddress(text)?.family != .v6 {
      throw HullError(.invalidArgument, "invalid endpoint settings:\ninvalid IPv6 address: \(text)")
    }
    for text in settings.ipamConfig?.linkLocalIPs ?? [] where IPAddress(text) == nil {
      throw HullError(.invalidArgument, "invalid endpoint settings:\ninvalid link-local IP address: \(text)")
    }
    _ = try EndpointSysctls.parse(settings.driverOpts ?? [:])
    if let name = settings.driverOpts?[interfaceKey], !name.isEmpty { try InterfaceName.check(name) }
    let wantsAddress = asked.contains { !$0.isEmpty }
    if network.isPredefined {
      if wantsAddress {
        throw HullError(.invalidArgument, "invalid endpoint settings:\nuser specified IP address is supported on user defined networks only")
      }
      if !(settings.aliases ?? []).isEmpty {
        throw HullError(
          .invalidArgument, "invalid endpoint settings:\nnetwork-scoped alias is supported only for containers in user defined networks")
      }
    } else if wantsAddress, !network.definition.hasUserSubnets {
      throw HullError(
        .invalidArgument,
        "invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets")
    }
    for text in asked { if let address = IPAddress(text) { try network.addresses?.requireContains(address) } }
  }
}
