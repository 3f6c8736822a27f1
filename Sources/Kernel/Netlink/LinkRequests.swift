// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem

extension NetlinkRequest {
  private static let new: Flags = [.acknowledge, .create, .exclusive]

  /// A bridge, up. Spanning tree is off, as the kernel has it.
  package static func addBridge(_ name: String, mac: MACAddress? = nil, mtu: UInt32? = nil) -> NetlinkRequest {
    var request = NetlinkRequest(LinkMessage.new, new, "make bridge \(name)")
    request.interface(0, up: true)
    request.common(name, mac, mtu)
    request.link("bridge") { _ in }
    return request
  }

  /// A pair: `host` here, up, a port of the bridge with index `master`; `peer` in `place`, with its address.
  package static func addVethPair(
    _ host: String, master: Int32, peer: String, in place: LinkPlace, mac: MACAddress?, mtu: UInt32?
  ) -> NetlinkRequest {
    var request = NetlinkRequest(LinkMessage.new, new, "make interface \(host)")
    request.interface(0, up: true)
    request.common(host, nil, mtu)
    if master > 0 { request.attribute(LinkAttribute.master, master) }
    request.link("veth") { data in
      data.nest(1, flag: 0) { other in
        other.interface(0)
        other.common(peer, mac, mtu)
        other.place(place)
      }
    }
    return request
  }

  /// A virtual interface on top of `parent` that is made in `place` at once.
  package static func addMacvlan(
    _ name: String, parent: Int32, mode: UInt32, in place: LinkPlace, mac: MACAddress?, mtu: UInt32?
  ) -> NetlinkRequest {
    stacked("macvlan", name, parent, place, mac, mtu) { $0.attribute(1, mode) }
  }

  package static func addIPvlan(
    _ name: String, parent: Int32, mode: UInt16, flags: UInt16, in place: LinkPlace, mtu: UInt32?
  ) -> NetlinkRequest {
    stacked("ipvlan", name, parent, place, nil, mtu) {
      $0.attribute(1, mode)
      $0.attribute(2, flags)
    }
  }

  /// An 802.1Q sub-interface, up.
  package static func addVLAN(_ name: String, parent: Int32, id: UInt16) -> NetlinkRequest {
    stacked("vlan", name, parent, .here, nil, nil, up: true) { $0.attribute(1, id) }
  }

  package static func addDummy(_ name: String) -> NetlinkRequest {
    var request = NetlinkRequest(LinkMessage.new, new, "make interface \(name)")
    request.interface(0, up: true)
    request.common(name, nil, nil)
    request.link("dummy") { _ in }
    return request
  }

  private static func stacked(
    _ kind: String, _ name: String, _ parent: Int32, _ place: LinkPlace, _ mac: MACAddress?, _ mtu: UInt32?, up: Bool = false,
    _ data: (inout NetlinkRequest) -> Void
  ) -> NetlinkRequest {
    var request = NetlinkRequest(LinkMessage.new, new, "make \(kind) interface \(name)")
    request.interface(0, up: up)
    request.common(name, mac, mtu)
    request.attribute(LinkAttribute.link, parent)
    request.place(place)
    request.link(kind, data)
    return request
  }

  /// Changes an interface. `name` is for messages.
  package static func setLink(
    _ index: Int32, name: String, up: Bool? = nil, mac: MACAddress? = nil, mtu: UInt32? = nil, master: Int32? = nil, rename: String? = nil,
    alias: String? = nil
  ) -> NetlinkRequest {
    var request = NetlinkRequest(LinkMessage.new, .acknowledge, "change interface \(name)")
    request.interface(index, up: up)
    if let rename { request.attribute(LinkAttribute.name, rename) }
    if let mac { request.attribute(LinkAttribute.address, mac.bytes) }
    if let mtu { request.attribute(LinkAttribute.mtu, mtu) }
    if let master { request.attribute(LinkAttribute.master, master) }
    if let alias { request.attribute(LinkAttribute.alias, alias) }
    return request
  }

  /// How a port of a bridge behaves (linux/if_link.h, `IFLA_BRPORT_*`): `isolated` ports do not reach one another, a `hairpin` port gets back what
  /// it sent when that is where it goes. By name: its index is not known yet.
  package static func setPort(_ name: String, isolated: Bool, hairpin: Bool) -> NetlinkRequest {
    var request = NetlinkRequest(LinkMessage.new, .acknowledge, "set up bridge port \(name)")
    request.interface(0)
    request.attribute(LinkAttribute.name, name)
    request.nest(LinkAttribute.info, flag: 0) { info in
      info.attribute(LinkAttribute.infoSlaveKind, "bridge")
      info.nest(LinkAttribute.infoSlaveData) {
        $0.attribute(4, UInt8(hairpin ? 1 : 0))
        $0.attribute(33, UInt8(isolated ? 1 : 0))
      }
    }
    return request
  }

  // MARK: Parts

  /// struct ifinfomsg
  mutating func interface(_ index: Int32, up: Bool? = nil) {
    append(UInt32(0))
    append(index)
    append(UInt32(up == true ? 1 : 0))
    append(UInt32(up == nil ? 0 : 1))
  }

  fileprivate mutating func common(_ name: String, _ mac: MACAddress?, _ mtu: UInt32?) {
    attribute(LinkAttribute.name, name)
    if let mac { attribute(LinkAttribute.address, mac.bytes) }
    if let mtu { attribute(LinkAttribute.mtu, mtu) }
  }

  fileprivate mutating func place(_ place: LinkPlace) {
    if case .namespace(let descriptor) = place { attribute(LinkAttribute.namespace, descriptor) }
  }

  fileprivate mutating func link(_ kind: String, _ data: (inout NetlinkRequest) -> Void) {
    nest(LinkAttribute.info, flag: 0) { info in
      info.attribute(LinkAttribute.infoKind, kind)
      info.nest(LinkAttribute.infoData, flag: 0, data)
    }
  }
}

/// `RTM_*LINK` of linux/rtnetlink.h.
enum LinkMessage {
  static let new: UInt16 = 16
  static let delete: UInt16 = 17
  static let get: UInt16 = 18
}

/// `IFLA_*` of linux/if_link.h.
enum LinkAttribute {
  static let address: UInt16 = 1
  static let name: UInt16 = 3
  static let mtu: UInt16 = 4
  static let link: UInt16 = 5
  static let master: UInt16 = 10
  static let info: UInt16 = 18
  static let alias: UInt16 = 20
  static let namespace: UInt16 = 28
  /// `IFLA_EXT_MASK` and `RTEXT_FILTER_SKIP_STATS`: the kernel takes most of its time for counters.
  static let filter: UInt16 = 29
  static let withoutStatistics: UInt32 = 1 << 3
  static let infoKind: UInt16 = 1
  static let infoData: UInt16 = 2
  static let infoSlaveKind: UInt16 = 4
  static let infoSlaveData: UInt16 = 5
}
