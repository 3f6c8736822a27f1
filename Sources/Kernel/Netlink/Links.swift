// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem

/// A network interface as the kernel describes it.
package struct Link: Sendable, Equatable {
  package let index: Int32
  package let name: String
  /// `bridge`, `veth`, `vlan`, …; empty for hardware and loopback.
  package let kind: String
  package let isUp: Bool
  /// Bytes.
  package let mtu: UInt32
  package let mac: MACAddress?
  /// The index of the bridge it is a port of; 0: none.
  package let master: Int32
  /// The index of what it is made on: the other end of a pair, the parent of a macvlan; maybe in another namespace. 0: nothing.
  package let lower: Int32
  package let alias: String

  init?(_ message: NetlinkMessage) {
    guard message.type == LinkMessage.new else { return nil }
    let attributes = message.attributes(after: 16)
    guard let name = attributes[LinkAttribute.name]?.text else { return nil }
    self.name = name
    index = message.number(4)
    isUp = message.number(8, as: UInt32.self) & 1 != 0
    mtu = attributes[LinkAttribute.mtu]?.number() ?? 0
    mac = attributes[LinkAttribute.address].flatMap { $0.count == 6 ? MACAddress(bytes: Array($0)) : nil }
    master = attributes[LinkAttribute.master]?.number() ?? 0
    lower = attributes[LinkAttribute.link]?.number() ?? 0
    alias = attributes[LinkAttribute.alias]?.text ?? ""
    kind = attributes[LinkAttribute.info]?.attributes[LinkAttribute.infoKind]?.text ?? ""
  }
}

extension RouteSocket {
  /// All of the namespace.
  package func links() throws(SystemError) -> [Link] {
    var request = NetlinkRequest(LinkMessage.get, .dump, "list the interfaces")
    request.interface(0)
    request.attribute(LinkAttribute.filter, LinkAttribute.withoutStatistics)
    return try socket.query(request).compactMap(Link.init)
  }

  /// `nil` when there is none of this name.
  package func link(_ name: String) throws(SystemError) -> Link? {
    var request = NetlinkRequest(LinkMessage.get, [], "look up interface \(name)")
    request.interface(0)
    request.attribute(LinkAttribute.name, name)
    do { return try socket.query(request, single: true).compactMap(Link.init).first } catch {
      if error.number == ENODEV { return nil }
      throw error
    }
  }

  /// The index of an interface that must be there.
  package func index(_ name: String) throws(SystemError) -> Int32 {
    guard let link = try link(name) else { throw SystemError(ENODEV, "look up interface \(name)") }
    return link.index
  }

  /// Removes an interface; one that is gone is fine.
  package func deleteLink(_ name: String) throws(SystemError) {
    var request = NetlinkRequest(LinkMessage.delete, .acknowledge, "remove interface \(name)")
    request.interface(0)
    request.attribute(LinkAttribute.name, name)
    try delete(request)
  }

  /// Removes the interface with this index, whatever it is called by now; one that is gone is fine. `name` is for messages.
  package func deleteLink(_ index: Int32, name: String) throws(SystemError) {
    var request = NetlinkRequest(LinkMessage.delete, .acknowledge, "remove interface \(name)")
    request.interface(index)
    try delete(request)
  }

  private func delete(_ request: NetlinkRequest) throws(SystemError) {
    do { try socket.perform([request]) } catch { if error.number != ENODEV { throw error } }
  }
}

/// Which namespace an interface is made in or moved to.
package enum LinkPlace: Sendable {
  /// The socket's own.
  case here
  case namespace(Int32)
}
