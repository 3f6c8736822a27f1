// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import NamespaceSupport
import Netlink
import Testing

@testable import Networking

/// Published ports served by a process of the host that speaks to the workload with its client's address.
@Suite struct LocalDeliveryTests {
  private struct Route: Sendable, CustomTestStringConvertible {
    let outside, host, everywhere, workload, neighbour: String
    var testDescription: String { host }
  }

  private static let routes = [
    Route(outside: "192.0.2.2", host: "192.0.2.1", everywhere: "0.0.0.0", workload: "172.31.1.2", neighbour: "172.31.2.2"),
    Route(outside: "2001:db8::2", host: "2001:db8::1", everywhere: "::", workload: "fd01::2", neighbour: "fd02::2"),
  ]

  private func site(_ route: Route) throws -> TestSite {
    let site = try TestSite()
    let ports = [published(route.everywhere, 8080, route.workload, 80)]
    try site.apply(FirewallState(networks: [TestSite.red, TestSite.blue], ports: ports, localDelivery: true))
    try site.host.run { try AnswerRouting.set(mark: AnswerRouting.defaultMark) }
    return site
  }

  /// Connects from the host to `target` with the address and port of a client of somebody else's.
  private func connect(_ site: TestSite, as client: IPAddress, to target: IPAddress) throws -> TestSocket {
    try site.host.run {
      let socket = try TestNamespace.socket(target.family, false)
      let option = target.family == .v4 ? (Int32(IPPROTO_IP), Int32(19)) : (Int32(IPPROTO_IPV6), Int32(75))
      try checked("IP_TRANSPARENT") { TestNamespace.set(socket.number, option.0, option.1) }
      try checked("bind") { withAddress(client, 40000) { bind(socket.number, $0, $1) } }
      var limit = timeval(tv_sec: 5, tv_usec: 0)
      setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
      try checked("connect") { withAddress(target, 80) { Glibc.connect(socket.number, $0, $1) } }
      return socket
    }
  }

  @Test(arguments: routes) private func theHostsProcessServesWithItsClientsAddress(_ route: Route) throws {
    let site = try site(route)
    let relay = try site.host.serve(address(route.everywhere), 8080)
    #expect(try site.reach(from: site.outside, route.host, 8080, server: relay) == address(route.outside))
    let server = try site.a1.serve(address(route.workload), 80)
    let connection = try connect(site, as: address(route.outside), to: address(route.workload))
    let accepted = try #require(try server.accept())
    #expect(accepted.peer == address(route.outside))
    try connection.send("question")
    #expect(try accepted.socket.receive()?.text == "question")
    try accepted.socket.send("answer")
    #expect(try Descriptors.waitReadable(connection.number, milliseconds: 5000))
  }

  @Test(arguments: routes) private func theHostsInputRulesApply(_ route: Route) throws {
    let site = try site(route)
    let relay = try site.host.serve(address(route.everywhere), 8080)
    try site.host.nft(
      "add table inet own; add chain inet own input { type filter hook input priority 0; }; add rule inet own input tcp dport 8080 drop")
    #expect(try site.reach(from: site.outside, route.host, 8080, server: relay, expected: false) == nil)
    // Workloads do not come in from outside: they are sent on, with their address.
    let server = try site.a1.serve(address(route.workload), 80)
    #expect(try site.reach(from: site.b1, route.host, 8080, server: server) == address(route.neighbour))
  }

  @Test func theWayForAnswersIsMadeOnceAndRemoved() throws {
    let namespace = try TestNamespace()
    func rules(_ family: IPAddress.Family) throws -> Int {
      try namespace.run {
        var request = NetlinkRequest(34, .dump, "list the routing rules")
        request.append(UInt32(family.number))
        request.append(UInt64(0))
        return try NetlinkSocket(NetlinkFamily.route).query(request).count
      }
    }
    for family in [IPAddress.Family.v4, .v6] {
      let before = try rules(family)
      for _ in 0..<2 { try namespace.run { try AnswerRouting.set(mark: 0x2_0000) } }
      #expect(try rules(family) == before + 1)
      #expect(try namespace.run { try RouteSocket().routes(family) }.filter { $0.table == 0x2_0000 }.count == 1)
      for _ in 0..<2 { try namespace.run { try AnswerRouting.remove(mark: 0x2_0000) } }
      #expect(try rules(family) == before)
      #expect(try namespace.run { try RouteSocket().routes(family) }.filter { $0.table == 0x2_0000 }.isEmpty)
    }
  }
}
