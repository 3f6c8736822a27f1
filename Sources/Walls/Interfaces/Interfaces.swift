// SPDX-License-Identifier: Apache-2.0
import Addressing
import CLinux
import Errors
import Glibc
import LinuxSystem
import Netlink
import ShimProtocol

/// Puts network interfaces into a workload's network namespace and takes them out again.
///
/// To be called from a process with one thread, in the host's network namespace; `namespace` is a descriptor of the workload's
/// (`/proc/PID/ns/net`).
package enum Interfaces {
  /// Makes the interfaces and configures them: up, with addresses and routes. All or none.
  package static func attach(_ interfaces: [InterfacePlan], namespace: Int32) throws(HullError) {
    guard !interfaces.isEmpty else { return }
    let outside = try step("connect to the kernel's routing") { () throws(SystemError) in try RouteSocket() }
    var begun: [InterfacePlan] = []
    do throws(HullError) {
      for interface in interfaces {
        try requireFree(interface, outside)
        begun.append(interface)
        try make(interface, outside, namespace)
      }
      try step("enter the network namespace") { () throws(SystemError) in
        try NetworkNamespace.visit(namespace) { () throws(SystemError) in
          let inside = try RouteSocket()
          // The workload does the same in its own time; what listens on the loopback must not wait for that.
          try inside.perform([.setLink(1, name: "lo", up: true)])
          for interface in interfaces { try configure(interface, inside) }
        }
      }
    } catch {
      for interface in begun { try? detach(interface, namespace: namespace) }
      throw error
    }
  }

  /// Takes an interface out; one that is gone is fine.
  package static func detach(_ interface: InterfacePlan, namespace: Int32) throws(HullError) {
    try step("disconnect interface \(interface.name)") { () throws(SystemError) in
      // The outside end takes the inside one with it, whatever that is called by now.
      if case .veth(let host, _, _) = interface.link { return try RouteSocket().deleteLink(host) }
      try RouteSocket(inNamespace: namespace).deleteLink(interface.name)
    }
  }

  /// Moves the default routes to the gateways of these interfaces.
  package static func setGateways(_ interfaces: [InterfacePlan], namespace: Int32) throws(HullError) {
    try step("set the default routes") { () throws(SystemError) in
      let inside = try RouteSocket(inNamespace: namespace)
      let wanted = interfaces.flatMap { interface in interface.gateways.map { ($0, interface.name) } }
      for family in [IPAddress.Family.v4, .v6] {
        let present = try inside.routes(family).filter { $0.destination.length == 0 && $0.table == 254 && $0.kind == 1 && $0.gateway != nil }
        let new = wanted.filter { $0.0.family == family }
        for (gateway, name) in new { try inside.perform([.setDefaultRoute(gateway, by: try inside.index(name))]) }
        for route in present {
          guard let gateway = route.gateway, !new.contains(where: { $0.0 == gateway }) else { continue }
          do throws(SystemError) { try inside.perform([.deleteDefaultRoute(gateway, by: route.index)]) } catch {
            if error.number != ESRCH { throw error }
          }
        }
      }
    }
  }

  /// What is there already belongs to somebody else and is not to be cleared away after a failure.
  private static func requireFree(_ interface: InterfacePlan, _ outside: RouteSocket) throws(HullError) {
    guard case .veth(let host, _, _) = interface.link else { return }
    let taken = try step("look up interface \(host)") { () throws(SystemError) in try outside.link(host) != nil }
    if taken { throw HullError(.conflict, "interface \(host) is there already") }
  }

  /// Where bridged packets pass the host's packet rules (br_netfilter), a workload that asks for its own published port is sent back to the very
  /// port of the bridge that it came by.
  private static var bridgesFilter: Bool {
    ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"].contains { (try? Files.readText("/proc/sys/net/bridge/" + $0)) == "1" }
  }

  private static func make(_ interface: InterfacePlan, _ outside: RouteSocket, _ namespace: Int32) throws(HullError) {
    try step("connect interface \(interface.name)") { () throws(SystemError) in
      let place = LinkPlace.namespace(namespace)
      switch interface.link {
      case .veth(let host, let bridge, let isolated):
        let pair = NetlinkRequest.addVethPair(
          host, master: try outside.index(bridge), peer: interface.name, in: place, mac: interface.mac, mtu: interface.mtu)
        let hairpin = bridgesFilter
        try outside.perform(isolated || hairpin ? [pair, .setPort(host, isolated: isolated, hairpin: hairpin)] : [pair])
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
  }

  /// In the workload's namespace.
  private static func configure(_ interface: InterfacePlan, _ inside: RouteSocket) throws(SystemError) {
    let name = interface.name
    let index = try inside.index(name)
    try InterfaceSettings(interface).write()
    var requests: [NetlinkRequest] = interface.addresses.map { .addAddress($0, to: index, name: name) }
    requests.append(.setLink(index, name: name, up: true))
    requests += interface.gateways.map { .setDefaultRoute($0, by: index) }
    try inside.perform(requests)
  }
}

/// What is set below /proc/sys/net for one interface, in the calling thread's network namespace.
struct InterfaceSettings {
  private let interface: InterfacePlan

  init(_ interface: InterfacePlan) { self.interface = interface }

  func write() throws(SystemError) {
    let hasIPv6 = interface.addresses.contains { $0.family == .v6 }
    // As in Docker: an interface of a network without IPv6 has no link-local address either. A kernel without IPv6 has no such file.
    try set("net/ipv6/conf/\(interface.name)/disable_ipv6", hasIPv6 ? "0" : "1", mayBeMissing: !hasIPv6)
    // Nobody else can have the link-local address: usable at once.
    if hasIPv6 { try set("net/ipv6/conf/\(interface.name)/accept_dad", "0", mayBeMissing: true) }
    for setting in interface.sysctls {
      let path = setting.name.split(separator: ".").map { $0 == "IFNAME" ? interface.name : String($0) }.joined(separator: "/")
      try set(path, setting.value, mayBeMissing: false)
    }
  }

  private func set(_ path: String, _ value: String, mayBeMissing: Bool) throws(SystemError) {
    do { try Files.write(value, to: "/proc/sys/" + path) } catch {
      if !mayBeMissing || error.number != ENOENT { throw error }
    }
  }
}
