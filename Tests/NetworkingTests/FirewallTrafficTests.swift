// SPDX-License-Identifier: Apache-2.0
import Addressing
import LinuxSystem
import NamespaceSupport
import Testing

@testable import Networking

/// Real packets between network namespaces, for both families: the last byte of an address says who it is (see `TestSite`).
@Suite struct FirewallTrafficTests {
  /// The addresses of one family.
  struct Family: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let outside, host, everywhere, a1, a2, b1, redGateway, blueGateway, loopback: String

    static let both = [
      Family(
        testDescription: "IPv4", outside: "192.0.2.2", host: "192.0.2.1", everywhere: "0.0.0.0", a1: "172.31.1.2", a2: "172.31.1.3", b1: "172.31.2.2",
        redGateway: "172.31.1.1", blueGateway: "172.31.2.1", loopback: "127.0.0.1"),
      Family(
        testDescription: "IPv6", outside: "2001:db8::2", host: "2001:db8::1", everywhere: "::", a1: "fd01::2", a2: "fd01::3", b1: "fd02::2",
        redGateway: "fd01::1", blueGateway: "fd02::1", loopback: "::1"),
    ]
  }

  private func site(_ ports: PublishedPort..., red: FirewallNetwork = TestSite.red, blue: FirewallNetwork = TestSite.blue) throws -> TestSite {
    let site = try TestSite()
    try site.apply(FirewallState(networks: [red, blue], ports: ports))
    return site
  }

  @Test(arguments: Family.both) func aPublishedPortIsReachedFromOutsideWithTheClientsAddress(_ family: Family) throws {
    let site = try site(published(family.everywhere, 8080, family.a1, 80), published(family.host, 8081, family.a1, 80))
    let server = try site.a1.serve(address(family.a1), 80)
    #expect(try site.reach(from: site.outside, family.host, 8080, server: server) == address(family.outside))
    #expect(try site.reach(from: site.outside, family.host, 8081, server: server) == address(family.outside))
    // At every address of the host, or only at this one.
    #expect(try site.reach(from: site.outside, family.redGateway, 8080, server: server) == address(family.outside))
    #expect(try site.reach(from: site.outside, family.redGateway, 8081, server: server, expected: false) == nil)
  }

  @Test(arguments: Family.both) func theHostReachesAPublishedPortAtItsOwnAddress(_ family: Family) throws {
    let site = try site(published(family.everywhere, 8080, family.a1, 80))
    let server = try site.a1.serve(address(family.a1), 80)
    #expect(try site.reach(from: site.host, family.host, 8080, server: server) == address(family.host))
    #expect(try site.reach(from: site.host, family.a1, 80, server: server) == address(family.redGateway))
    // A loopback address belongs to a process of the host.
    let relay = try site.host.serve(address(family.loopback), 8080)
    #expect(try site.reach(from: site.host, family.loopback, 8080, server: relay) == address(family.loopback))
  }

  @Test(arguments: Family.both) func aWorkloadReachesAnotherNetworksPublishedPort(_ family: Family) throws {
    let site = try site(published(family.everywhere, 8080, family.b1, 80, bridge: "blue"))
    let server = try site.b1.serve(address(family.b1), 80)
    #expect(try site.reach(from: site.a1, family.host, 8080, server: server) == address(family.a1))
    #expect(try site.reach(from: site.a1, family.redGateway, 8080, server: server) == address(family.a1))
  }

  @Test(arguments: Family.both) func aWorkloadReachesItsOwnAndItsNeighboursPublishedPort(_ family: Family) throws {
    let site = try site(published(family.everywhere, 8080, family.a1, 80))
    let server = try site.a1.serve(address(family.a1), 80)
    #expect(try site.reach(from: site.a1, family.host, 8080, server: server) == address(family.redGateway))
    #expect(try site.reach(from: site.a2, family.host, 8080, server: server) == address(family.redGateway))
    #expect(try site.reach(from: site.a2, family.a1, 80, server: server) == address(family.a2))
  }

  @Test(arguments: Family.both) func networksDoNotReachOneAnother(_ family: Family) throws {
    let site = try site()
    let server = try site.b1.serve(address(family.b1), 80)
    #expect(try site.reach(from: site.a1, family.b1, 80, server: server, expected: false) == nil)
  }

  @Test(arguments: Family.both) func aWorkloadsOwnAddressIsNotReachedFromOutside(_ family: Family) throws {
    let site = try site(published(family.everywhere, 8080, family.a1, 80))
    let server = try site.a1.serve(address(family.a1), 80)
    #expect(try site.reach(from: site.outside, family.a1, 80, server: server, expected: false) == nil)
  }

  @Test(arguments: Family.both) func aWorkloadLeavesWithAnAddressOfTheHost(_ family: Family) throws {
    let site = try site()
    let server = try site.outside.serve(address(family.outside), 80)
    #expect(try site.reach(from: site.a1, family.outside, 80, server: server) == address(family.host))
  }

  @Test(arguments: Family.both) func withoutMasqueradeAWorkloadKeepsItsAddress(_ family: Family) throws {
    var red = TestSite.red
    red.masquerades = false
    let site = try site(red: red)
    let server = try site.outside.serve(address(family.outside), 80)
    #expect(try site.reach(from: site.a1, family.outside, 80, server: server) == address(family.a1))
  }

  @Test(arguments: Family.both) func aWorkloadMayLeaveWithANamedAddress(_ family: Family) throws {
    var red = TestSite.red
    red.sources = [address(family.blueGateway)]
    let site = try site(red: red)
    let server = try site.outside.serve(address(family.outside), 80)
    #expect(try site.reach(from: site.a1, family.outside, 80, server: server) == address(family.blueGateway))
  }

  @Test(arguments: Family.both) func nothingGetsIntoOrOutOfAnInternalNetwork(_ family: Family) throws {
    var red = TestSite.red
    red.isInternal = true
    let site = try site(published(family.everywhere, 8080, family.a1, 80), red: red)
    let servers = (try site.a1.serve(address(family.a1), 80), try site.outside.serve(address(family.outside), 80))
    #expect(try site.reach(from: site.a1, family.outside, 80, server: servers.1, expected: false) == nil)
    for client in [site.outside, site.b1] {
      #expect(try site.reach(from: client, family.host, 8080, server: servers.0, expected: false) == nil)
      #expect(try site.reach(from: client, family.a1, 80, server: servers.0, expected: false) == nil)
    }
    #expect(try site.reach(from: site.a2, family.a1, 80, server: servers.0) == address(family.a2))
  }

  @Test(arguments: Family.both) func aRoutedNetworkIsReachedAtItsOwnAddresses(_ family: Family) throws {
    var red = TestSite.red
    (red.mode4, red.mode6) = (.routed, .routed)
    let site = try site(published(family.everywhere, 8080, family.a1, 80), red: red)
    let servers = (try site.a1.serve(address(family.a1), 80), try site.a1.serve(address(family.a1), 81))
    #expect(try site.reach(from: site.outside, family.a1, 80, server: servers.0) == address(family.outside))
    #expect(try site.reach(from: site.b1, family.a1, 80, server: servers.0) == address(family.b1))
    #expect(try site.reach(from: site.outside, family.a1, 81, server: servers.1, expected: false) == nil)
    #expect(try site.reach(from: site.outside, family.host, 8080, server: servers.0, expected: false) == nil)
    let server = try site.outside.serve(address(family.outside), 80)
    #expect(try site.reach(from: site.a1, family.outside, 80, server: server) == address(family.a1))
  }

  @Test(arguments: Family.both) func anUnprotectedNetworkIsReachedAtEveryPort(_ family: Family) throws {
    var red = TestSite.red
    (red.mode4, red.mode6) = (.natUnprotected, .natUnprotected)
    let site = try site(published(family.everywhere, 8080, family.a1, 80), red: red)
    let server = try site.a1.serve(address(family.a1), 81)
    #expect(try site.reach(from: site.outside, family.a1, 81, server: server) == address(family.outside))
    let outside = try site.outside.serve(address(family.outside), 80)
    #expect(try site.reach(from: site.a1, family.outside, 80, server: outside) == address(family.host))
  }

  @Test(arguments: Family.both) func theHostsOwnRulesKeepTheLastWord(_ family: Family) throws {
    let site = try site(published(family.everywhere, 8080, family.a1, 80))
    let server = try site.a1.serve(address(family.a1), 80)
    for priority in ["-10", "10"] {
      try site.host.nft("add table inet own; add chain inet own forward { type filter hook forward priority \(priority); }")
      try site.host.nft("add rule inet own forward meta l4proto tcp ct original proto-dst 8080 drop")
      #expect(try site.reach(from: site.outside, family.host, 8080, server: server, expected: false) == nil)
      try site.host.nft("delete table inet own")
    }
    #expect(try site.reach(from: site.outside, family.host, 8080, server: server) == address(family.outside))
  }

  @Test func aPortAtALoopbackAddressIsNotReachedByACraftedRoute() throws {
    let site = try site(published("127.0.0.1", 8080, "172.31.1.2", 80))
    let relay = try site.host.serve(address("127.0.0.1"), 8080)
    let open = try site.host.serve(address("127.0.0.1"), 9090)
    // A host that routes loopback addresses, and a neighbour that sends them.
    for namespace in [site.host, site.outside, site.a1] { try namespace.write("1", to: "/proc/sys/net/ipv4/conf/all/route_localnet") }
    for neighbour in [site.outside, site.a1] {
      try neighbour.ip("address del 127.0.0.1/8 dev lo", "route add 127.0.0.1/32 dev eth0 via \(neighbour === site.a1 ? "172.31.1.1" : "192.0.2.1")")
      // The neighbour does get through to a port that is not ours.
      #expect(try site.reach(from: neighbour, "127.0.0.1", 9090, server: open) != nil)
      #expect(try site.reach(from: neighbour, "127.0.0.1", 8080, server: relay, expected: false) == nil)
    }
    #expect(try site.reach(from: site.host, "127.0.0.1", 8080, server: relay) == address("127.0.0.1"))
  }

  @Test(arguments: Family.both) func datagramsComeAndGo(_ family: Family) throws {
    let site = try site(published(family.everywhere, 5353, family.a1, 53, .udp))
    let server = try site.a1.serve(address(family.a1), 53, udp: true)
    for (client, seen) in [(site.outside, family.outside), (site.b1, family.b1), (site.a2, family.redGateway), (site.host, family.host)] {
      let socket = try client.datagrams(to: address(family.host), 5353)
      try socket.send("question")
      let question = try #require(try server.receive())
      #expect(question.peer == address(seen))
      try server.send("answer", to: question.peer, question.port)
      #expect(try socket.receive()?.text == "answer")
    }
  }

  @Test(arguments: Family.both, ["0", "1"]) func bridgedPacketsMayPassTheRulesOfTheHostOrNot(_ family: Family, _ bridged: String) throws {
    let site = try site(published(family.everywhere, 8080, family.a1, 80))
    for file in ["iptables", "ip6tables"] { try site.host.write(bridged, to: "/proc/sys/net/bridge/bridge-nf-call-" + file) }
    let server = try site.a1.serve(address(family.a1), 80)
    #expect(try site.reach(from: site.a1, family.host, 8080, server: server) == address(family.redGateway))
    #expect(try site.reach(from: site.a2, family.host, 8080, server: server) == address(family.redGateway))
    #expect(try site.reach(from: site.a2, family.a1, 80, server: server) == address(family.a2))
    #expect(try site.reach(from: site.b1, family.host, 8080, server: server) == address(family.b1))
  }

  @Test(arguments: Family.both) func workloadsThatAreKeptApartReachAPublishedPortThroughTheHostsProcess(_ family: Family) throws {
    var red = TestSite.red
    red.isolatesWorkloads = true
    let site = try site(published(family.everywhere, 8080, family.a1, 80), red: red)
    for port in ["a1", "a2"] { try site.host.ip("link set \(port) type bridge_slave isolated on") }
    let relay = try site.host.serve(address(family.everywhere), 8080)
    #expect(try site.reach(from: site.a2, family.host, 8080, server: relay) == address(family.a2))
    let server = try site.a1.serve(address(family.a1), 80)
    #expect(try site.reach(from: site.a2, family.a1, 80, server: server, expected: false) == nil)
    #expect(try site.reach(from: site.outside, family.host, 8080, server: server) == address(family.outside))
  }

  @Test(arguments: Family.both) func aClientThatGoesOnSendingFindsTheNextWorkload(_ family: Family) throws {
    let site = try site()
    let firewall = site.firewall
    func publish(_ target: String) -> PublishedPort { published(family.everywhere, 5353, target, 53, .udp) }
    let servers = try [(family.a1, site.a1), (family.a2, site.a2)].map { (publish($0.0), try $0.1.serve(address($0.0), 53, udp: true)) }
    let client = try site.outside.datagrams(to: address(family.host), 5353)
    try client.send("to nobody")
    for (port, server) in servers {
      try site.host.run { try firewall.add([port]) }
      // The answer to what was sent to nobody may come as an error first.
      try? client.send("again")
      try client.send("question")
      #expect(try server.receive() != nil)
      try site.host.run { try firewall.remove([port]) }
    }
  }
}
