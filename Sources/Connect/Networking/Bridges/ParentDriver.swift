// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Netlink

/// The interfaces of the host that macvlan and ipvlan networks lie on, in the calling thread's network namespace.
package enum ParentDriver {
  /// The parent of a network: there already, or made and marked with the network's ID.
  ///
  /// `parent`: an interface; `PARENT.VLAN` stands for a tagged sub-interface (IEEE 802.1Q) that is made when it is missing; `nil` or empty for
  /// a dummy that connects the workloads with nobody else. Gives the interface's name. A parent that two networks share is for the caller to
  /// refuse: it would go with the first. Throws `invalidArgument`, `unsupported`, `forbidden` or `internalError`. Blocking.
  package static func ensure(_ parent: String?, id: String) throws(HullError) -> String {
    guard let parent, !parent.isEmpty else { return try ensureDummy(id) }
    try BridgeDefinition.check(name: parent)
    let socket = try Device.wrap { () throws(SystemError) in try RouteSocket() }
    if try find(parent, socket) != nil { return parent }
    let (base, tag) = try vlan(parent)
    guard let link = try find(base, socket) else {
      throw HullError(.invalidArgument, "-o parent interface was not found on the host: \(base)")
    }
    try make(parent, .addVLAN(parent, parent: link.index, id: tag), id: id, socket)
    return parent
  }

  /// Removes the parent of a network if Hull made it for this network. Blocking.
  package static func remove(_ name: String, id: String) throws(HullError) {
    try BridgeDriver.remove(name: name, id: id)
  }

  /// `dm-` and the beginning of the network's ID, as with Docker.
  package static func dummyName(_ id: String) -> String { "dm-" + id.prefix(12) }

  private static func ensureDummy(_ id: String) throws(HullError) -> String {
    let name = dummyName(id)
    let socket = try Device.wrap { () throws(SystemError) in try RouteSocket() }
    if try find(name, socket) == nil { try make(name, .addDummy(name), id: id, socket) }
    return name
  }

  private static func find(_ name: String, _ socket: RouteSocket) throws(HullError) -> Link? {
    try Device.wrap { () throws(SystemError) in try socket.link(name) }
  }

  private static func make(_ name: String, _ request: NetlinkRequest, id: String, _ socket: RouteSocket) throws(HullError) {
    try Device.wrap { () throws(SystemError) in
      try socket.perform([request])
      try socket.perform([.setLink(try socket.index(name), name: name, up: true, alias: BridgeDefinition.mark(id))])
    }
  }

  /// Reads `eth0.10`: the VLAN's tag is a number of 12 bits, of which the first and the last are reserved.
  static func vlan(_ name: String) throws(HullError) -> (parent: String, tag: UInt16) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1 else { throw HullError(.invalidArgument, "the requested parent interface \(name) was not found on the host") }
    guard parts.count == 2, !parts[0].isEmpty, let tag = UInt16(parts[1]) else {
      throw HullError(.invalidArgument, "invalid subinterface vlan name \(name), example formatting is eth0.10")
    }
    guard (1...4094).contains(tag) else { throw HullError(.invalidArgument, "vlan id must be between 1-4094, received: \(tag)") }
    return (String(parts[0]), tag)
  }
}
