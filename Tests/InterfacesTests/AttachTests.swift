// SPDX-License-Identifier: Apache-2.0
import Addressing
import Launch
import NamespaceSupport
import Netlink
import ShimProtocol
import Testing

@testable import Interfaces

@Suite struct AttachTests {
  @Test func anEndpointHasItsAddressesRoutesAndSettings() throws {
    let site = try Site()
    var plan = pair(gateways: ["172.31.0.1", "fd01::1"])
    plan.mac = MACAddress("02:42:ac:1f:00:02")
    plan.mtu = 1400
    plan.sysctls = [Setting("net.ipv4.conf.IFNAME.log_martians", "1")]
    let attached = try site.attach(plan)
    let link = try #require(try site.link("eth0"))
    #expect(link.isUp && link.mtu == 1400 && link.mac == plan.mac && link.index == attached[0].index && link.lower == attached[0].outside)
    #expect(try site.addresses("eth0") == ["172.31.0.2/16", "fd01::2/64"])
    #expect(try site.defaults() == ["172.31.0.1 eth0", "fd01::1 eth0"])
    #expect(try site.workload.read("/proc/sys/net/ipv4/conf/eth0/log_martians") == "1")
    let port = try #require(try site.host.run { try RouteSocket().link("port0") })
    let bridge = try site.host.run { try RouteSocket().index("br0") }
    #expect(port.isUp && port.mtu == 1400 && port.master == bridge)
    try site.host.ip("-4 route get 172.31.0.2")
  }

  @Test func anEndpointWithoutIPv6HasNone() throws {
    let site = try Site()
    try site.attach(pair("eth0", on: ["172.31.0.2/16"]))
    #expect(try site.workload.read("/proc/sys/net/ipv6/conf/eth0/disable_ipv6") == "1")
  }

  @Test(arguments: [nil, 1280, 9000] as [UInt32?]) func withoutAnMTUItIsTheBridges(_ mtu: UInt32?) throws {
    let site = try Site(mtu: mtu)
    try site.attach(pair())
    let outside = try site.host.run { try ["port0", "br0"].map { try RouteSocket().link($0)?.mtu } }
    #expect(try site.link("eth0")?.mtu == mtu ?? 1500)
    #expect(outside == [mtu ?? 1500, mtu ?? 1500])
  }

  @Test func severalInterfacesAreEachTheirOwn() throws {
    let site = try Site()
    let attached = try site.attach(
      pair(gateways: ["172.31.0.1"]), pair("eth1", host: "port1", bridge: "br1", on: ["172.30.0.2/16"]), macvlan("eth2"),
      pair("eth3", host: "port3", on: ["172.31.0.3/16"], isolated: true))
    #expect(attached.map(\.plan.name) == ["eth0", "eth1", "eth2", "eth3"] && Set(attached.map(\.index)).count == 4)
    #expect(try site.addresses("eth1") == ["172.30.0.2/16"] && site.addresses("eth2") == ["192.0.2.2/24"])
    #expect(try site.link("eth2")?.kind == "macvlan")
    #expect(try site.defaults() == ["172.31.0.1 eth0"])
  }

  @Test func whatIsAttachedIsTakenOutWhole() throws {
    let site = try Site()
    let before = try site.state()
    let attached = try site.attach(pair(gateways: ["172.31.0.1", "fd01::1"]), macvlan("eth1"))
    for interface in attached { try site.detach(interface) }
    #expect(try site.state() == before)
    for interface in attached { try site.detach(interface) }
    #expect(try site.attach([]) == [] && site.state() == before)
  }

  @Test func aWorkloadThatRenamesItsInterfaceIsDisconnectedAllTheSame() throws {
    let site = try Site()
    let before = try site.state()
    let attached = try site.attach(pair(), macvlan("eth1"))
    for (old, new) in [("eth0", "mine0"), ("eth1", "mine1")] { try site.workload.ip("link set \(old) down", "link set \(old) name \(new)") }
    try site.workload.ip("link add eth1 type veth peer name eth0")
    for interface in attached { try site.detach(interface) }
    #expect(try site.link("mine0") == nil && site.link("mine1") == nil)
    #expect(try site.link("eth0") != nil && site.link("eth1") != nil)
    try site.workload.ip("link del eth0")
    #expect(try site.state() == before)
  }

  @Test func theGatewayMovesToTheInterfaceThatIsToHaveIt() throws {
    let site = try Site()
    var attached = try site.attach(
      pair(gateways: ["172.31.0.1", "fd01::1"]), pair("eth1", host: "port1", bridge: "br1", on: ["172.30.0.2/16"]))
    #expect(try site.defaults() == ["172.31.0.1 eth0", "fd01::1 eth0"])
    attached[0].plan.gateways = []
    attached[1].plan.gateways = [address("172.30.0.1")]
    try site.setGateways(attached)
    #expect(try site.defaults() == ["172.30.0.1 eth1"])
    attached[0].plan.gateways = [address("172.31.0.1"), address("fd01::1")]
    attached[1].plan.gateways = []
    try site.workload.ip("link set eth0 down", "link set eth0 name mine0", "link set mine0 up", "address replace fd01::2/64 dev mine0 nodad")
    try site.setGateways(attached)
    #expect(try site.defaults() == ["172.31.0.1 mine0", "fd01::1 mine0"])
    try site.setGateways(attached)
    attached[0].plan.gateways = []
    try site.setGateways(attached)
    #expect(try site.defaults().isEmpty)
  }

  @Test func theSameGatewayByAnotherInterfaceIsAChange() throws {
    let site = try Site()
    var attached = try site.attach(pair(on: ["172.31.0.2/16"], gateways: ["172.31.0.1"]), pair("eth1", host: "port1", on: ["172.31.0.3/16"]))
    attached[0].plan.gateways = []
    attached[1].plan.gateways = [address("172.31.0.1")]
    try site.setGateways(attached)
    #expect(try site.defaults() == ["172.31.0.1 eth1"])
  }
}
