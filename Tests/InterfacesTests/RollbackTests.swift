// SPDX-License-Identifier: Apache-2.0
import Launch
import NamespaceSupport
import Netlink
import ShimProtocol
import Testing

@testable import Interfaces

/// A failure leaves what was there before: all of that, and nothing else.
@Suite struct RollbackTests {
  private let site: Site

  init() throws { site = try Site() }

  private func expectFailure(_ plans: InterfacePlan..., saying words: String) throws {
    let before = try site.state()
    let message = failure { _ = try site.attach(plans) }
    #expect(message.contains(words), "\(message)")
    #expect(try site.state() == before)
  }

  @Test func anInterfaceOfThatNameIsNotTheirs() throws {
    try site.workload.ip("link add eth0 type veth peer name other", "address add 10.0.0.1/24 dev eth0", "link set eth0 up", "link set other up")
    try expectFailure(macvlan(), saying: "connect interface eth0")
    try expectFailure(pair(), saying: "connect interface eth0")
    try expectFailure(pair("eth1"), macvlan(), saying: "connect interface eth0")
  }

  @Test func aPortOfThatNameIsNotTheirs() throws {
    try site.host.ip("link add port0 type veth peer name other", "address add 10.0.0.1/24 dev port0", "link set port0 up")
    try expectFailure(pair(), saying: "connect interface eth0: make interface port0: file exists")
    try expectFailure(pair("eth1", host: "port1"), pair(), saying: "connect interface eth0")
  }

  @Test func twoOfOneNameAreNoneAtAll() throws {
    try expectFailure(pair(), pair("eth0", host: "port1"), saying: "connect interface eth0")
    try expectFailure(pair(), pair("eth1"), saying: "connect interface eth1")
    try expectFailure(macvlan(), macvlan(), saying: "connect interface eth0")
  }

  @Test func aBridgeOrParentThatIsGoneIsNamed() throws {
    try expectFailure(macvlan("eth1"), pair(bridge: "br9"), saying: "look up bridge br9")
    try expectFailure(pair("eth1"), macvlan(parent: "eth9"), saying: "look up interface eth9")
  }

  @Test func whatCannotBeSetUpIsTakenBack() throws {
    try expectFailure(pair(on: ["172.31.0.2/16"], gateways: ["192.0.2.1"]), saying: "set up interface eth0: route by 192.0.2.1")
    try expectFailure(macvlan(on: ["192.0.2.2/24"], gateways: ["172.31.0.1"]), saying: "route by 172.31.0.1")
    try expectFailure(macvlan("eth1"), pair(on: ["172.31.0.2/16", "172.31.0.2/16"]), saying: "give eth0 the address 172.31.0.2/16")
    var plan = macvlan()
    plan.mtu = 9000
    try expectFailure(pair("eth1"), plan, saying: "connect interface eth0")
    plan = macvlan()
    plan.sysctls = [Setting("net.ipv4.conf.IFNAME.no_such_setting", "1")]
    try expectFailure(plan, saying: "no_such_setting")
    plan.sysctls = [Setting("net.ipv4.conf.IFNAME.log_martians", "no number")]
    try expectFailure(pair("eth1"), plan, saying: "log_martians")
  }

  @Test func aSettingIsOneOfTheInterfacesOwn() throws {
    try site.workload.write("0", to: "/proc/sys/net/ipv4/ip_forward")
    let names = [
      "kernel.hostname", "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv4.conf.IFNAME./../../ip_forward",
      "net.ipv4.conf.IFNAME/../all.forwarding", "net.ipv4...IFNAME.forwarding", "net.ipv4.x/../conf.IFNAME.forwarding", "net../.conf.IFNAME.x",
      "net.ipv4.conf.IFNAME.", "net.ipv4.conf.IFNAME.log_martians\u{0}x", "", ".", "IFNAME", "net.IFNAME.IFNAME.IFNAME.IFNAME",
    ]
    for name in names {
      var plan = pair()
      plan.sysctls = [Setting(name, "1")]
      try expectFailure(plan, saying: "set up interface eth0")
    }
    #expect(try site.workload.read("/proc/sys/net/ipv4/ip_forward") == "0")
  }

  @Test(arguments: ["..", ".", "a/b", "../../x", "%d", "eth%d", "sixteen-letters-", "a b", "eth0\u{0}x"]) func aNameThatIsNoneIsRefused(
    _ name: String
  ) throws {
    try expectFailure(pair("eth1"), pair(name, host: "port1"), saying: "connect interface")
    try expectFailure(pair("eth1"), macvlan(name), saying: "connect interface")
  }

  @Test func aNamespaceThatIsNoneIsRefused() throws {
    let before = try site.state()
    let host = site.host
    for descriptor in [-1, 0, 99_999] as [Int32] {
      #expect(failure { _ = try host.run { try Interfaces.attach([pair()], namespace: descriptor) } }.contains("enter the network namespace"))
      #expect(failure { _ = try host.run { try Interfaces.setGateways([], namespace: descriptor) } }.contains("set the default routes"))
      #expect(failure { _ = try host.run { try Interfaces.resolverSockets(namespace: descriptor) } }.contains("open the name server's sockets"))
    }
    #expect(try site.state() == before)
  }

  @Test func theThreadIsWhereItWasAfterAFailure() throws {
    let site = site
    try site.host.run {
      #expect(!failure { _ = try Interfaces.attach([pair(gateways: ["192.0.2.1"])], namespace: site.workload.descriptor) }.isEmpty)
      let bridge = try RouteSocket().link("br0")
      #expect(bridge != nil)
    }
  }
}
