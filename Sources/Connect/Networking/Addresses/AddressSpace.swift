// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Synchronization

/// The addresses of one network: who asks gets one that nobody else has. In memory; its keeper reserves again after a restart what it has on record.
package final class AddressSpace: Sendable {
  /// Which free address is given out.
  package enum Order: Sendable {
    /// The lowest: Docker's choice for networks of one host.
    case lowest
    /// The one after that which was given out before, so that a released address rests: Docker's choice for networks of many hosts.
    case next
  }

  /// How many addresses of a subnet are taken, and how many are left for who names none.
  package struct Usage: Hashable, Sendable {
    package let subnet: IPPrefix
    package let inUse: UInt128
    package let available: UInt128
  }

  /// The subnets' gateways with their subnets' prefix length, in order; none when the network has no gateway.
  package let gateways: [IPPrefix]
  private let name: String
  private let id: String
  private let order: Order
  private let subnets: Mutex<[SubnetAddresses]>

  /// `name` and `id` of the network are for messages. `hasGateway`: whether every subnet gets one; one that is named is reserved in any case.
  /// Throws `internalError` when a gateway or an auxiliary address cannot be reserved.
  package init(
    _ configurations: [SubnetConfiguration], name: String, id: String, hasGateway: Bool = true, order: Order = .lowest
  ) throws(HullError) {
    self.name = name
    self.id = id
    self.order = order
    var gateways: [IPPrefix] = []
    var subnets: [SubnetAddresses] = []
    for configuration in configurations {
      var subnet = SubnetAddresses(configuration)
      if let gateway = try Self.takeGateway(&subnet, hasGateway, order) { gateways.append(IPPrefix(gateway, configuration.subnet.length)) }
      for (name, address) in configuration.auxiliary where !subnet.take(address) {
        throw HullError(.internalError, "failed to allocate secondary ip address (\(name):\(address)): Address already in use")
      }
      subnets.append(subnet)
    }
    self.gateways = gateways
    self.subnets = Mutex(subnets)
  }

  private static func takeGateway(_ subnet: inout SubnetAddresses, _ wanted: Bool, _ order: Order) throws(HullError) -> IPAddress? {
    if let gateway = subnet.configuration.gateway {
      guard subnet.take(gateway) else { throw HullError(.internalError, "failed to allocate gateway (\(gateway)): Address already in use") }
      return gateway
    }
    guard wanted else { return nil }
    guard let gateway = subnet.takeNext(order) else {
      throw HullError(.internalError, "failed to allocate gateway (): no available addresses on this pool: \(subnet.range)")
    }
    return gateway
  }

  /// A free address, with its subnet's prefix length, from the first subnet of the family whose range has one.
  /// Throws `internalError` when there is none.
  package func allocate(_ family: IPAddress.Family) throws(HullError) -> IPPrefix {
    let found = subnets.withLock { subnets -> IPPrefix? in
      for index in subnets.indices where subnets[index].configuration.subnet.family == family {
        if let address = subnets[index].takeNext(order) { return IPPrefix(address, subnets[index].configuration.subnet.length) }
      }
      return nil
    }
    if let found { return found }
    throw HullError(.internalError, "no available IPv\(family.rawValue) addresses on this network's address pools: \(name) (\(id))")
  }

  /// This address, with its subnet's prefix length; it may be outside the range. Throws `invalidArgument` when it is in no subnet and
  /// `forbidden` when it is given out.
  package func reserve(_ address: IPAddress) throws(HullError) -> IPPrefix {
    let (subnet, taken) = subnets.withLock { subnets -> (IPPrefix?, Bool) in
      guard let index = subnets.firstIndex(where: { $0.configuration.subnet.contains(address) }) else { return (nil, false) }
      return (subnets[index].configuration.subnet, subnets[index].take(address))
    }
    guard let subnet else {
      throw HullError(.invalidArgument, "invalid address \(address): It does not belong to any of this network's subnets")
    }
    guard taken else { throw HullError(.forbidden, "Address already in use\(reason(address, in: subnet))") }
    return IPPrefix(address, subnet.length)
  }

  /// Throws `invalidArgument`, in Docker's words, when no subnet has this address: to be asked before a workload is created.
  package func requireContains(_ address: IPAddress) throws(HullError) {
    guard subnets.withLock({ $0.contains { $0.configuration.subnet.contains(address) } }) else {
      throw HullError(.invalidArgument, "no configured subnet contains IP address \(address)")
    }
  }

  /// Gives an address back; one that is not given out, or that the network needs for itself, is left as it is.
  package func release(_ address: IPAddress) {
    subnets.withLock { subnets in
      guard let index = subnets.firstIndex(where: { $0.configuration.subnet.contains(address) }),
        reason(address, in: subnets[index].configuration.subnet).isEmpty, !subnets[index].configuration.auxiliary.values.contains(address)
      else { return }
      _ = subnets[index].release(address)
    }
  }

  /// In the subnets' order.
  package var usage: [Usage] {
    subnets.withLock { subnets in
      subnets.map { subnet in
        let hostBits = subnet.range.family.bits - subnet.range.length
        let size: UInt128 = hostBits == 128 ? .max : 1 << UInt128(hostBits)
        return Usage(subnet: subnet.configuration.subnet, inUse: subnet.used, available: size - subnet.usedInRange)
      }
    }
  }

  /// Why no workload can ever have this address, for the end of a message; empty when one could.
  private func reason(_ address: IPAddress, in subnet: IPPrefix) -> String {
    if gateways.contains(where: { $0.address == address }) { return ": \(address) is the gateway of network \(name)" }
    if subnet.family.bits - subnet.length < 2 { return "" }
    if address == subnet.first { return ": \(address) is the address of network \(name) itself" }
    if address == subnet.last && subnet.family == .v4 { return ": \(address) is the broadcast address of network \(name)" }
    return ""
  }
}
