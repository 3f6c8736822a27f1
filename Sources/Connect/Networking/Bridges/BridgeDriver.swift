// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Glibc
import LinuxSystem
import Netlink

/// Makes and removes the bridges of networks, in the calling thread's network namespace. What belongs to a network carries its ID, so that
/// leftovers are known; a bridge that somebody else made is used but never removed.
package enum BridgeDriver {
  /// A device that belongs to a network of Hull: a bridge, or a parent that Hull made.
  package struct Owned: Hashable, Sendable {
    package let name: String
    /// The network's ID.
    package let id: String
    package let isBridge: Bool
  }

  /// Makes the bridge, or completes the one that is there, and gives a sentence for every setting of the host that it had to change.
  /// Throws `conflict` when the name is taken by something else, `invalidArgument` for a name that is none, `forbidden` without the rights,
  /// `internalError`. Blocking.
  package static func ensure(_ definition: BridgeDefinition) throws(HullError) -> [String] {
    try BridgeDefinition.check(name: definition.name)
    let notices = definition.forwards ? try forwarding(definition) : []
    let socket = try Device.wrap { () throws(SystemError) in try RouteSocket() }
    let existing = try Device.wrap { () throws(SystemError) in try socket.link(definition.name) }
    if let existing { try check(existing, definition) } else { try create(definition, socket) }
    try settings(definition)
    try complete(definition, isNew: existing == nil, socket)
    return notices
  }

  /// Removes the bridge of a network; one that is gone, or that Hull did not make, is left. Throws as `ensure`. Blocking.
  package static func remove(name: String, id: String) throws(HullError) {
    try Device.wrap { () throws(SystemError) in
      let socket = try RouteSocket()
      guard let link = try socket.link(name), isOwned(link, by: id) else { return }
      try socket.deleteLink(name)
    }
  }

  /// Every device that belongs to a network of Hull, whichever engine's. Throws `internalError`. Blocking.
  package static func list() throws(HullError) -> [Owned] {
    let links = try Device.wrap { () throws(SystemError) in try RouteSocket().links() }
    return links.compactMap { link in link.networkID.map { Owned(name: link.name, id: $0, isBridge: link.kind == "bridge") } }
  }

  /// One that we made and had no time to mark is known by its name.
  private static func isOwned(_ link: Link, by id: String) -> Bool {
    link.networkID == id || (link.alias.isEmpty && [BridgeDefinition.automaticName(id), ParentDriver.dummyName(id)].contains(link.name))
  }

  private static func forwarding(_ definition: BridgeDefinition) throws(HullError) -> [String] {
    var notices: [String] = []
    for family in [IPAddress.Family.v4, .v6] where definition.gateways.contains(where: { $0.family == family }) {
      notices += try Forwarding.enable(family)
    }
    return notices
  }

  private static func check(_ link: Link, _ definition: BridgeDefinition) throws(HullError) {
    guard link.kind == "bridge" else {
      throw HullError(.conflict, "existing interface \(link.name) is not a bridge: choose another com.docker.network.bridge.name")
    }
    if let other = link.networkID, other != definition.id {
      throw HullError(.conflict, "bridge \(link.name) belongs to network \(other.prefix(12)): choose another com.docker.network.bridge.name")
    }
  }

  private static func create(_ definition: BridgeDefinition, _ socket: RouteSocket) throws(HullError) {
    try Device.wrap { () throws(SystemError) in
      try socket.perform([.addBridge(definition.name, mac: definition.mac, mtu: definition.mtu)])
    }
  }

  /// Whoever is behind the bridge must not give the host routes; there is nobody yet.
  private static func settings(_ definition: BridgeDefinition) throws(HullError) {
    let folder = "net/ipv6/conf/\(definition.name)/"
    guard (try? Sysctl.read(folder + "accept_ra")) != nil else {
      if definition.hasIPv6 { throw HullError(.unsupported, "network \(definition.id.prefix(12)) has IPv6 addresses, but the kernel has no IPv6") }
      return
    }
    try Sysctl.ensure("0", folder + "accept_ra")
    try Sysctl.ensure(definition.hasIPv6 ? "0" : "1", folder + "disable_ipv6")
  }

  /// Mark, MTU, addresses and up, in one exchange.
  private static func complete(_ definition: BridgeDefinition, isNew: Bool, _ socket: RouteSocket) throws(HullError) {
    try Device.wrap { () throws(SystemError) in
      guard let link = try socket.link(definition.name) else { throw SystemError(ENODEV, "look up bridge \(definition.name)") }
      let present = isNew ? [] : try socket.addresses().filter { $0.index == link.index && !$0.prefix.address.isLinkLocal }.map(\.prefix)
      try socket.perform(changes(definition, link, present, isOurs: isNew || isOwned(link, by: definition.id)))
    }
  }

  private static func changes(_ definition: BridgeDefinition, _ link: Link, _ present: [IPPrefix], isOurs: Bool) -> [NetlinkRequest] {
    let mtu = definition.mtu.flatMap { isOurs && $0 != link.mtu ? $0 : nil }
    let mark = isOurs && link.networkID == nil ? BridgeDefinition.mark(definition.id) : nil
    let isComplete = mark == nil && mtu == nil && link.isUp
    let settings: [NetlinkRequest] = isComplete ? [] : [.setLink(link.index, name: link.name, up: true, mtu: mtu, alias: mark)]
    let wrong = isOurs ? present.filter { !definition.gateways.contains($0) } : []
    let missing = definition.gateways.filter { !present.contains($0) }
    return settings + wrong.map { .deleteAddress($0, from: link.index, name: link.name) }
      + missing.map { .addAddress($0, to: link.index, name: link.name) }
  }
}

extension Link {
  /// The ID of the network of Hull that it belongs to.
  var networkID: String? {
    alias.hasPrefix(BridgeDefinition.markPrefix) ? String(alias.dropFirst(BridgeDefinition.markPrefix.count)) : nil
  }
}

/// Failures about devices.
enum Device {
  static func wrap<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(HullError) -> Value {
    do {
      return try body()
    } catch {
      switch error.number {
      case EPERM: throw HullError(.forbidden, "cannot \(error.operation): \(error.reason): it takes the capability CAP_NET_ADMIN")
      case EOPNOTSUPP: throw HullError(.unsupported, "cannot \(error.operation): the kernel does not have this kind of interface")
      default: throw HullError(.internalError, "cannot \(error.operation): \(error.reason)")
      }
    }
  }
}
