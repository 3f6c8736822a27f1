// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import LinuxSystem
import NamespaceSupport
import Netlink
import ShimProtocol

@testable import Interfaces

func address(_ text: String) -> IPAddress { IPAddress(text)! }
func prefix(_ text: String) -> IPPrefix { IPPrefix(text)! }

/// A host with a bridge and a parent for macvlan, and a workload without any interface but `lo`.
final class Site: Sendable {
  let host: TestNamespace
  let workload: TestNamespace

  init(mtu: UInt32? = nil) throws {
    (host, workload) = (try TestNamespace(), try TestNamespace())
    try host.run {
      let socket = try RouteSocket()
      try socket.perform([
        .addBridge("br0", mtu: mtu), .addBridge("br1"), .addVethPair("parent0", master: 0, peer: "far0", in: .here, mac: nil, mtu: nil),
      ])
      try socket.perform(["172.31.0.1/16", "fd01::1/64"].map { .addAddress(prefix($0), to: try! socket.index("br0"), name: "br0") })
      try socket.perform([.addAddress(prefix("172.30.0.1/16"), to: try socket.index("br1"), name: "br1")])
      try socket.perform([.setLink(try socket.index("far0"), name: "far0", up: true)])
    }
  }

  @discardableResult
  func attach(_ plans: InterfacePlan...) throws -> [AttachedInterface] { try attach(plans) }

  func attach(_ plans: [InterfacePlan]) throws -> [AttachedInterface] {
    let namespace = workload.descriptor
    return try host.run { try Interfaces.attach(plans, namespace: namespace) }
  }

  func detach(_ interface: AttachedInterface) throws {
    let namespace = workload.descriptor
    try host.run { try Interfaces.detach(interface, namespace: namespace) }
  }

  func setGateways(_ interfaces: [AttachedInterface]) throws {
    let namespace = workload.descriptor
    try host.run { try Interfaces.setGateways(interfaces, namespace: namespace) }
  }

  /// Everything that the two namespaces have.
  func state() throws -> [State] { [try host.run { try State() }, try workload.run { try State() }] }

  func link(_ name: String) throws -> Link? { try workload.run { try RouteSocket().link(name) } }

  /// The workload's default routes: gateway and interface.
  func defaults() throws -> Set<String> {
    try workload.run {
      let socket = try RouteSocket()
      let names = Dictionary(try socket.links().map { ($0.index, $0.name) }) { first, _ in first }
      let routes = try socket.routes(.v4) + socket.routes(.v6)
      return Set(
        routes.filter { $0.destination.length == 0 && $0.table == 254 && $0.gateway != nil }.map { "\($0.gateway!) \(names[$0.index] ?? "?")" })
    }
  }

  func addresses(_ name: String) throws -> Set<String> {
    try workload.run {
      let socket = try RouteSocket()
      let index = try socket.index(name)
      return Set(try socket.addresses().filter { $0.index == index && !$0.prefix.address.isLinkLocal }.map(\.prefix.description))
    }
  }
}

/// Of one namespace. Routes of IPv6 come and go with the state of an interface's other end; those of IPv4 stay.
struct State: Equatable, Sendable {
  let links: Set<String>
  let addresses: Set<String>
  let routes: Set<String>

  init() throws {
    let socket = try RouteSocket()
    links = Set(try socket.links().map { "\($0.index) \($0.name) \($0.kind) \($0.master)" })
    addresses = Set(try socket.addresses().filter { !$0.prefix.address.isLinkLocal }.map { "\($0.index) \($0.prefix)" })
    routes = Set(try socket.routes(.v4).map { "\($0.destination) \(String(describing: $0.gateway)) \($0.index) \($0.table)" })
  }
}

/// A pair with its port in `br0`.
func pair(
  _ name: String = "eth0", host: String = "port0", bridge: String = "br0", on addresses: [String] = ["172.31.0.2/16", "fd01::2/64"],
  gateways: [String] = [], isolated: Bool = false
) -> InterfacePlan {
  var plan = InterfacePlan(name: name, link: .veth(host: host, bridge: bridge, isolated: isolated))
  plan.addresses = addresses.map(prefix)
  plan.gateways = gateways.map(address)
  return plan
}

func macvlan(_ name: String = "eth0", parent: String = "parent0", on addresses: [String] = ["192.0.2.2/24"], gateways: [String] = []) -> InterfacePlan
{
  var plan = InterfacePlan(name: name, link: .macvlan(parent: parent, mode: 4))
  plan.addresses = addresses.map(prefix)
  plan.gateways = gateways.map(address)
  return plan
}

/// The message of what `body` throws; empty when it throws nothing.
func failure(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}
