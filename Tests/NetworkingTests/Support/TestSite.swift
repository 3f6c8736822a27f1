// SPDX-License-Identifier: Apache-2.0
import Addressing
import LinuxSystem
import NamespaceSupport

@testable import Networking

/// A host with two bridge networks and what is around it, each in a network namespace:
///
///     outside 192.0.2.2 ── 192.0.2.1 host ─┬─ red   172.31.1.1 ── a1 172.31.1.2, a2 172.31.1.3
///     2001:db8::2        2001:db8::1       └─ blue  172.31.2.1 ── b1 172.31.2.2        (IPv6: fd01::/64, fd02::/64)
///
/// `outside` sends everything it has no other route for to the host.
final class TestSite {
  let host: TestNamespace
  let outside: TestNamespace
  let a1: TestNamespace
  let a2: TestNamespace
  let b1: TestNamespace
  let firewall: Firewall

  static let red = FirewallNetwork(bridge: "red", subnets: [prefix("172.31.1.0/24"), prefix("fd01::/64")])
  static let blue = FirewallNetwork(bridge: "blue", subnets: [prefix("172.31.2.0/24"), prefix("fd02::/64")])

  init() throws {
    (host, outside) = (try TestNamespace(), try TestNamespace())
    (a1, a2, b1) = (try TestNamespace(), try TestNamespace(), try TestNamespace())
    firewall = try Firewall(table: "hull-test")
    for path in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] { try host.write("1", to: "/proc/sys/net/" + path) }
    try host.ip("link add eth0 type veth peer name eth0 netns \(outside.path)")
    try Self.configure(host, "eth0", ["192.0.2.1/24", "2001:db8::1/64"])
    try Self.configure(outside, "eth0", ["192.0.2.2/24", "2001:db8::2/64"], gateways: ["192.0.2.1", "2001:db8::1"])
    for (bridge, number) in [("red", 1), ("blue", 2)] {
      try host.ip("link add \(bridge) type bridge")
      try Self.configure(host, bridge, ["172.31.\(number).1/24", "fd0\(number)::1/64"])
    }
    try attach(a1, "red", "a1", 1, 2)
    try attach(a2, "red", "a2", 1, 3)
    try attach(b1, "blue", "b1", 2, 2)
  }

  private func attach(_ workload: TestNamespace, _ bridge: String, _ port: String, _ network: Int, _ number: Int) throws {
    try host.ip(
      "link add \(port) type veth peer name eth0 netns \(workload.path)", "link set \(port) master \(bridge) up",
      "link set \(port) type bridge_slave hairpin on")
    try Self.configure(
      workload, "eth0", ["172.31.\(network).\(number)/24", "fd0\(network)::\(number)/64"], gateways: ["172.31.\(network).1", "fd0\(network)::1"])
  }

  private static func configure(_ namespace: TestNamespace, _ name: String, _ addresses: [String], gateways: [String] = []) throws {
    for address in addresses { try namespace.ip("address add \(address) dev \(name)\(address.contains(":") ? " nodad" : "")") }
    try namespace.ip("link set \(name) up")
    for gateway in gateways { try namespace.ip("route add default via \(gateway)") }
  }

  /// Puts a state into force in the host's namespace.
  func apply(_ state: FirewallState) throws {
    let firewall = firewall
    try host.run { try firewall.replace(state) }
  }

  /// Whether a TCP connection comes about, and with which address the server sees the client.
  func reach(from client: TestNamespace, _ target: String, _ port: UInt16, server: TestSocket, expected: Bool = true) throws -> IPAddress? {
    guard let connection = try client.connect(address(target), port, milliseconds: expected ? 5000 : 300) else { return nil }
    return try withExtendedLifetime(connection) { try server.accept()?.peer }
  }
}

/// A TCP port of `target`, published at `host`.
func published(_ host: String, _ port: UInt16, _ target: String, _ targetPort: UInt16, bridge: String = "red", _ transport: Transport = .tcp)
  -> PublishedPort
{
  PublishedPort(transport, host: (address(host), port), target: (address(target), targetPort), bridge: bridge)
}
