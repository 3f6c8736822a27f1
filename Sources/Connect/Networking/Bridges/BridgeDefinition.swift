// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

/// The bridge of one network, as it should be.
package struct BridgeDefinition: Hashable, Sendable {
  /// The network's ID.
  package var id: String
  /// At most 15 bytes.
  package var name: String
  /// Bytes; `nil`: the kernel's 1500.
  package var mtu: UInt32?
  /// The host's addresses in the network, with the subnets' prefix lengths; none for a network that the host is no part of.
  package var gateways: [IPPrefix]
  /// Whether the host sends packets on into and out of the network.
  package var forwards: Bool

  /// `name`: of the bridge, when the user chose one (`com.docker.network.bridge.name`). `isInternal`: nothing gets in or out.
  package init(id: String, name: String? = nil, mtu: UInt32? = nil, gateways: [IPPrefix], isInternal: Bool = false) {
    self.id = id
    self.name = name.flatMap { $0.isEmpty ? nil : $0 } ?? Self.automaticName(id)
    self.mtu = mtu
    self.gateways = gateways
    forwards = !isInternal
  }

  /// `br-` and the beginning of the network's ID, as with Docker.
  package static func automaticName(_ id: String) -> String { "br-" + id.prefix(12) }

  /// Written on a device that belongs to a network of Hull, where everybody can read it.
  package static func mark(_ id: String) -> String { markPrefix + id }
  static let markPrefix = "hull:"

  /// Has IPv6 addresses.
  var hasIPv6: Bool { gateways.contains { $0.family == .v6 } }
  /// The same at every start, so that neighbours' tables stay true; without it, a bridge takes that of one of its ports.
  var mac: MACAddress? { gateways.first.map { MACAddress(for: $0.address) } }

  /// Throws `invalidArgument` when the kernel would not take the name (dev_valid_name) or firewall rules could not say it.
  static func check(name: String) throws(HullError) {
    let isValid =
      (1...15).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/:\"*\\".utf8.contains($0) }
    if !isValid {
      throw HullError(.invalidArgument, "invalid interface name \(name): at most 15 letters, digits and other signs, none of / : \" * \\ and blanks")
    }
  }
}
