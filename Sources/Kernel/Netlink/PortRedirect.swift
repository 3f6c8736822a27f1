// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem

/// Packet rules that lead what a network namespace's own processes send to one address and port to other ports of the same address, so that
/// whoever listens there leaves the well-known port to others. nf_tables by nfnetlink (linux/netfilter/nf_tables.h): one batch, no library.
package struct PortRedirect: Sendable {
  /// IPv4.
  package let address: IPAddress
  package let port: UInt16
  package let udp: UInt16
  package let tcp: UInt16
  /// Of the table that holds the rules.
  package let table: String

  package init(address: IPAddress, port: UInt16, udp: UInt16, tcp: UInt16, table: String) {
    self.address = address
    self.port = port
    self.udp = udp
    self.tcp = tcp
    self.table = table
  }

  /// Puts the rules into the namespace of `socket`, which must be of `NetlinkFamily.netfilter`.
  package func install(_ socket: NetlinkSocket) throws(SystemError) {
    try socket.perform([boundary(0x10), newTable, newChain, rule(17, udp), rule(6, tcp), boundary(0x11)])
  }

  private static let chain = "redirect"

  /// `NFNL_MSG_BATCH_BEGIN` and `…_END`
  private func boundary(_ type: UInt16) -> NetlinkRequest {
    var request = NetlinkRequest(type, [], "redirect port \(port)")
    request.append(UInt16(0))
    request.append(UInt16(10).bigEndian)
    return request
  }

  private func message(_ type: UInt16, _ flags: NetlinkRequest.Flags) -> NetlinkRequest {
    var request = NetlinkRequest(10 << 8 | type, flags.union(.acknowledge), "redirect port \(port) of \(address)")
    request.append(UInt8(2))
    request.append(UInt8(0))
    request.append(UInt16(0))
    return request
  }

  private var newTable: NetlinkRequest {
    var request = message(0, .create)
    request.attribute(1, table)
    return request
  }

  /// `type nat hook output priority dstnat`
  private var newChain: NetlinkRequest {
    var request = message(3, .create)
    request.attribute(1, table)
    request.attribute(3, Self.chain)
    request.nest(4) {
      $0.attribute(1, UInt32(3).bigEndian)
      $0.attribute(2, Int32(-100).bigEndian)
    }
    request.attribute(7, "nat")
    return request
  }

  /// `ip daddr ADDRESS meta l4proto PROTOCOL th dport PORT dnat to ADDRESS:TO`
  private func rule(_ proto: UInt8, _ to: UInt16) -> NetlinkRequest {
    var request = message(6, [.create, .append])
    request.attribute(1, table)
    request.attribute(2, Self.chain)
    request.nest(4) { list in
      list.load(base: 1, offset: 16, length: 4)
      list.compare(address.bytes)
      list.expression("meta") {
        $0.attribute(1, UInt32(1).bigEndian)
        $0.attribute(2, UInt32(16).bigEndian)
      }
      list.compare([proto])
      list.load(base: 2, offset: 2, length: 2)
      list.compare(port.networkOrder)
      list.set(1, address.bytes)
      list.set(2, to.networkOrder)
      list.expression("nat") {
        $0.attribute(1, UInt32(1).bigEndian)
        $0.attribute(2, UInt32(2).bigEndian)
        $0.attribute(3, UInt32(1).bigEndian)
        $0.attribute(5, UInt32(2).bigEndian)
      }
    }
    return request
  }
}

extension UInt16 {
  fileprivate var networkOrder: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xFF)] }
}

/// Expressions of a rule; numbers are in network order.
extension NetlinkRequest {
  fileprivate mutating func expression(_ name: String, _ data: (inout NetlinkRequest) -> Void) {
    nest(1) { element in
      element.attribute(1, name)
      element.nest(2, data)
    }
  }

  /// Bytes of the packet's header into register 1.
  fileprivate mutating func load(base: UInt32, offset: UInt32, length: UInt32) {
    expression("payload") {
      $0.attribute(1, UInt32(1).bigEndian)
      $0.attribute(2, base.bigEndian)
      $0.attribute(3, offset.bigEndian)
      $0.attribute(4, length.bigEndian)
    }
  }

  /// Register 1 must be this.
  fileprivate mutating func compare(_ value: [UInt8]) {
    expression("cmp") {
      $0.attribute(1, UInt32(1).bigEndian)
      $0.attribute(2, UInt32(0))
      $0.nest(3) { $0.attribute(1, value) }
    }
  }

  fileprivate mutating func set(_ register: UInt32, _ value: [UInt8]) {
    expression("immediate") {
      $0.attribute(1, register.bigEndian)
      $0.nest(2) { $0.attribute(1, value) }
    }
  }
}
