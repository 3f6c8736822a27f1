// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Netlink
import ShimProtocol

/// Makes interfaces while the calling thread is in the workload's network namespace.
struct InterfaceMaker {
  /// In the host's namespace.
  let outside: RouteSocket
  let namespace: Int32
  /// Where bridged packets pass the host's packet rules (br_netfilter), a workload that asks for its own published port is sent back to the very
  /// port of the bridge that it came by.
  private let bridgesFilter: Bool

  /// To be called in the host's namespace.
  init(outside: RouteSocket, namespace: Int32) {
    self.outside = outside
    self.namespace = namespace
    bridgesFilter = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"].contains { (try? Files.readText("/proc/sys/net/bridge/" + $0)) == "1" }
  }

  /// All or none.
  func attach(_ interfaces: [InterfacePlan], _ inside: RouteSocket) throws(HullError) -> [AttachedInterface] {
    var made: [AttachedInterface] = []
    do throws(HullError) {
      for interface in interfaces {
        try step("connect interface \(interface.name)") { () throws(SystemError) in
          try make(interface)
          made.append(try find(interface, inside))
          try configurePort(interface)
        }
        try step("set up interface \(interface.name)") { () throws(SystemError) in try configure(made[made.count - 1], inside) }
      }
      return made
    } catch {
      for interface in made { remove(interface, inside) }
      throw error
    }
  }

  /// The kernel refuses a name that is taken, on either side: what is there already belongs to somebody else.
  private func make(_ interface: InterfacePlan) throws(SystemError) {
    // `%` stands for a number that the kernel chooses: nobody would know which, nor find what is cut off at a zero.
    guard !interface.name.utf8.contains(where: { $0 == 0x25 || $0 == 0 }) else { throw SystemError(EINVAL, "make interface \(interface.name)") }
    let place = LinkPlace.namespace(namespace)
    switch interface.link {
    case .veth(let host, let bridge, _):
      guard let master = try outside.link(bridge) else { throw SystemError(ENODEV, "look up bridge \(bridge)") }
      try outside.perform([
        .addVethPair(host, master: master.index, peer: interface.name, in: place, mac: interface.mac, mtu: interface.mtu ?? master.mtu)
      ])
    case .macvlan(let parent, let mode):
      try outside.perform([
        .addMacvlan(interface.name, parent: try outside.index(parent), mode: mode, in: place, mac: interface.mac, mtu: interface.mtu)
      ])
    case .ipvlan(let parent, let mode, let flags):
      try outside.perform([
        .addIPvlan(interface.name, parent: try outside.index(parent), mode: mode, flags: flags, in: place, mtu: interface.mtu)
      ])
    }
  }

  /// What has just been made. Without knowing it there is no way but its name to take it back.
  private func find(_ interface: InterfacePlan, _ inside: RouteSocket) throws(SystemError) -> AttachedInterface {
    do throws(SystemError) {
      guard let link = try inside.link(interface.name) else { throw SystemError(ENODEV, "look up interface \(interface.name)") }
      guard case .veth = interface.link else { return AttachedInterface(plan: interface, index: link.index, outside: 0) }
      return AttachedInterface(plan: interface, index: link.index, outside: link.lower)
    } catch {
      if case .veth(let host, _, _) = interface.link { try? outside.deleteLink(host) } else { try? inside.deleteLink(interface.name) }
      throw error
    }
  }

  private func configurePort(_ interface: InterfacePlan) throws(SystemError) {
    guard case .veth(let host, _, let isolated) = interface.link, isolated || bridgesFilter else { return }
    try outside.perform([.setPort(host, isolated: isolated, hairpin: bridgesFilter)])
  }

  private func configure(_ interface: AttachedInterface, _ inside: RouteSocket) throws(SystemError) {
    let (plan, index, name) = (interface.plan, interface.index, interface.plan.name)
    try InterfaceSettings(plan).write()
    var requests: [NetlinkRequest] = plan.addresses.map { .addAddress($0, to: index, name: name) }
    requests.append(.setLink(index, name: name, up: true))
    requests += plan.gateways.map { .setDefaultRoute($0, by: index) }
    try inside.perform(requests)
  }

  private func remove(_ interface: AttachedInterface, _ inside: RouteSocket) {
    if interface.outside != 0 {
      try? outside.deleteLink(interface.outside, name: interface.plan.name)
    } else {
      try? inside.deleteLink(interface.index, name: interface.plan.name)
    }
  }
}
