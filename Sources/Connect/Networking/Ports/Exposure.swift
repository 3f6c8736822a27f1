// SPDX-License-Identifier: Apache-2.0
import Addressing

/// From where a published port can be reached.
package struct Exposure: Hashable, Sendable {
  package enum Reach: Hashable, Sendable {
    /// Only the host itself.
    case hostOnly
    /// Whoever has a way to this address of the host, on this interface (`nil`: the host does not have the address now).
    case address(IPAddress, interface: String?)
    /// Whoever has a way to any address of the host.
    case everyone
  }

  package let reach: Reach
  /// Which of the host's own filters a packet from outside passes on its way and may be stopped by: `inet filter forward`.
  package let filters: [String]

  /// Where a packet to the port goes. Pure: `addresses` are those of the host with their interfaces.
  package init(of port: PublishedPort, addresses: [TakenPrefix], host: HostFirewall, localDelivery: Bool) {
    if port.hostAddress.isLoopback {
      reach = .hostOnly
    } else if port.hostAddress.isUnspecified {
      reach = .everyone
    } else {
      reach = .address(port.hostAddress, interface: Self.interface(of: port.hostAddress, addresses))
    }
    // A port whose two addresses are of different families is served by a process of the host.
    let isLocal = localDelivery || port.hostAddress.family != port.address.family
    filters = reach == .hostOnly ? [] : isLocal ? host.input : host.forward
  }

  private static func interface(of address: IPAddress, _ addresses: [TakenPrefix]) -> String? {
    for taken in addresses where taken.prefix.address == address {
      if case .interface(let name) = taken.holder { return name }
    }
    return nil
  }
}
