// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem

/// An address of an interface.
package struct InterfaceAddress: Sendable, Equatable {
  /// The interface's index.
  package let index: Int32
  package let prefix: IPPrefix

  init?(_ message: NetlinkMessage) {
    guard message.type == AddressMessage.new else { return nil }
    let attributes = message.attributes(after: 8)
    // The local end, and where there is no other one, the address.
    guard let bytes = attributes[2] ?? attributes[1], let address = IPAddress(bytes: bytes) else { return nil }
    let length = Int(message.number(1, as: UInt8.self))
    guard length <= address.family.bits else { return nil }
    index = message.number(4)
    prefix = IPPrefix(address, length)
  }
}

/// `RTM_*ADDR` of linux/rtnetlink.h.
enum AddressMessage {
  static let new: UInt16 = 20
  static let delete: UInt16 = 21
  static let get: UInt16 = 22
}

extension RouteSocket {
  /// All of the namespace, both families.
  package func addresses() throws(SystemError) -> [InterfaceAddress] {
    var request = NetlinkRequest(AddressMessage.get, .dump, "list the addresses")
    request.append(UInt64(0))
    return try socket.query(request).compactMap(InterfaceAddress.init)
  }
}

extension NetlinkRequest {
  /// Gives an interface an address. IPv6 is usable at once: no duplicate detection (`IFA_F_NODAD`), since the caller knows who has which.
  package static func addAddress(_ prefix: IPPrefix, to index: Int32, name: String) -> NetlinkRequest {
    var request = NetlinkRequest(AddressMessage.new, [.acknowledge, .create, .exclusive], "give \(name) the address \(prefix)")
    request.address(prefix, index)
    return request
  }

  package static func deleteAddress(_ prefix: IPPrefix, from index: Int32, name: String) -> NetlinkRequest {
    var request = NetlinkRequest(AddressMessage.delete, .acknowledge, "take the address \(prefix) from \(name)")
    request.address(prefix, index)
    return request
  }

  /// struct ifaddrmsg and the address.
  private mutating func address(_ prefix: IPPrefix, _ index: Int32) {
    append(prefix.family.number)
    append(UInt8(prefix.length))
    append(UInt8(prefix.family == .v6 ? 0x02 : 0))
    append(UInt8(prefix.address.isLinkLocal ? 253 : 0))
    append(index)
    attribute(2, prefix.address.bytes)
    attribute(1, prefix.address.bytes)
    if prefix.family == .v4, prefix.length < 31 { attribute(4, prefix.last.bytes) }
  }
}
