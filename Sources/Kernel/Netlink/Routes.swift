// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem

/// An entry of a routing table.
package struct Route: Sendable, Equatable {
  /// Length 0: the default route.
  package let destination: IPPrefix
  package let gateway: IPAddress?
  /// The index of the interface; 0: none or several.
  package let index: Int32
  /// 254 is the main table, 255 the local one.
  package let table: UInt32
  /// `RTPROT_*`: 2 kernel, 3 boot, 4 static.
  package let origin: UInt8
  /// `RTN_*`: 1 unicast, 2 local, …
  package let kind: UInt8

  init?(_ message: NetlinkMessage) {
    guard message.type == RouteMessage.new else { return nil }
    let family: IPAddress.Family
    switch Int32(message.number(0, as: UInt8.self)) {
    case AF_INET: family = .v4
    case AF_INET6: family = .v6
    default: return nil
    }
    let attributes = message.attributes(after: 12)
    let length = Int(message.number(1, as: UInt8.self))
    let address = attributes[1].flatMap { IPAddress(bytes: $0) } ?? IPAddress(family, 0)
    guard length <= family.bits, address.family == family else { return nil }
    destination = IPPrefix(address, length)
    gateway = attributes[5].flatMap { IPAddress(bytes: $0) }
    index = attributes[4]?.number() ?? 0
    table = attributes[15]?.number() ?? UInt32(message.number(4, as: UInt8.self))
    origin = message.number(5)
    kind = message.number(7)
  }
}

/// `RTM_*ROUTE` of linux/rtnetlink.h.
enum RouteMessage {
  static let new: UInt16 = 24
  static let delete: UInt16 = 25
  static let get: UInt16 = 26
}

extension RouteSocket {
  /// All tables of a family.
  package func routes(_ family: IPAddress.Family) throws(SystemError) -> [Route] {
    var request = NetlinkRequest(RouteMessage.get, .dump, "list the routes")
    request.append(UInt32(family.number))
    request.append(UInt64(0))
    return try socket.query(request).compactMap(Route.init)
  }
}

extension NetlinkRequest {
  /// The default route of the gateway's family, instead of the one that is there.
  package static func setDefaultRoute(_ gateway: IPAddress, by index: Int32) -> NetlinkRequest {
    var request = NetlinkRequest(RouteMessage.new, [.acknowledge, .create, .replace], "route by \(gateway)")
    request.route(gateway.family, length: 0, scope: 0)
    request.attribute(5, gateway.bytes)
    request.attribute(4, UInt32(bitPattern: index))
    return request
  }

  package static func deleteDefaultRoute(_ gateway: IPAddress, by index: Int32) -> NetlinkRequest {
    var request = NetlinkRequest(RouteMessage.delete, .acknowledge, "remove the route by \(gateway)")
    request.route(gateway.family, length: 0, scope: 0)
    request.attribute(5, gateway.bytes)
    request.attribute(4, UInt32(bitPattern: index))
    return request
  }

  /// A destination that is reached on an interface without a gateway.
  package static func addRoute(to destination: IPPrefix, by index: Int32, table: UInt8 = 254) -> NetlinkRequest {
    var request = NetlinkRequest(RouteMessage.new, [.acknowledge, .create, .replace], "route to \(destination)")
    request.route(destination.family, length: UInt8(destination.length), scope: destination.family == .v4 ? 253 : 0, table: table)
    request.attribute(1, destination.first.bytes)
    request.attribute(4, UInt32(bitPattern: index))
    return request
  }

  /// struct rtmsg: table main, protocol boot, a unicast route.
  private mutating func route(_ family: IPAddress.Family, length: UInt8, scope: UInt8, table: UInt8 = 254) {
    append(family.number)
    append(length)
    append(UInt16(0))
    append(table)
    append(UInt8(3))
    append(scope)
    append(UInt8(1))
    append(UInt32(0))
  }
}
