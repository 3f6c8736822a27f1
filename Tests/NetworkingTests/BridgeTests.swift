// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import LinuxSystem
import NamespaceSupport
import Netlink
import Testing

@testable import Networking

/// Bridges and parents in a network namespace of the test.
@Suite struct BridgeTests {
  private let namespace: TestNamespace
  private static let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

  init() throws {
    namespace = try TestNamespace()
    // A new namespace forwards when the host does.
    for name in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] { try namespace.write("0", to: "/proc/sys/net/" + name) }
  }

  private func ensure(_ definition: BridgeDefinition) throws -> [String] { try namespace.run { try BridgeDriver.ensure(definition) } }
  private func link(_ name: String) throws -> Link? { try namespace.run { try RouteSocket().link(name) } }
  private func read(_ name: String) throws -> String { try namespace.read("/proc/sys/net/" + name) }

  private func addresses(_ name: String) throws -> Set<String> {
    try namespace.run {
      let socket = try RouteSocket()
      let index = try socket.index(name)
      return Set(try socket.addresses().filter { $0.index == index && !$0.prefix.address.isLinkLocal }.map(\.prefix.description))
    }
  }

  private func definition(_ gateways: String..., name: String? = nil, mtu: UInt32? = nil, id: String = id, isInternal: Bool = false)
    -> BridgeDefinition
  {
    BridgeDefinition(id: id, name: name, mtu: mtu, gateways: gateways.map(prefix), isInternal: isInternal)
  }

  @Test func aBridgeIsMadeWithAllItNeeds() throws {
    let notices = try ensure(definition("172.31.0.1/16", "fd01::1/64", mtu: 1400))
    let link = try #require(try link("br-0123456789ab"))
    #expect(link.kind == "bridge" && link.isUp && link.mtu == 1400 && link.alias == "hull:\(Self.id)")
    #expect(link.mac == MACAddress("02:42:ac:1f:00:01"))
    #expect(try addresses(link.name) == ["172.31.0.1/16", "fd01::1/64"])
    #expect(try read("ipv4/ip_forward") == "1" && read("ipv6/conf/all/forwarding") == "1" && read("ipv6/conf/\(link.name)/accept_ra") == "0")
    #expect(notices == ["net.ipv4.ip_forward was 0 and is now 1", "net.ipv6.conf.all.forwarding was 0 and is now 1"])
    #expect(try ensure(definition("172.31.0.1/16", "fd01::1/64", mtu: 1400)) == [])
  }

  @Test func aBridgeIsCompletedAndCorrected() throws {
    _ = try ensure(definition("172.31.0.1/16"))
    try namespace.ip("link set br-0123456789ab down", "address add 10.0.0.1/8 dev br-0123456789ab")
    _ = try ensure(definition("172.31.0.9/16", "172.30.0.1/31", mtu: 9000))
    #expect(try addresses("br-0123456789ab") == ["172.31.0.9/16", "172.30.0.1/31"])
    #expect(try link("br-0123456789ab")?.isUp == true)
    #expect(try link("br-0123456789ab")?.mtu == 9000)
  }

  @Test func oneThatWasNotMarkedInTimeIsOursByItsName() throws {
    try namespace.ip("link add br-0123456789ab type bridge")
    _ = try ensure(definition("172.31.0.1/16"))
    #expect(try link("br-0123456789ab")?.alias == "hull:\(Self.id)")
    try namespace.ip("link add br-fedcba987654 type bridge")
    try namespace.run { try BridgeDriver.remove(name: "br-fedcba987654", id: "fedcba987654") }
    #expect(try link("br-fedcba987654") == nil)
  }

  @Test func aBridgeOfSomebodyElseIsUsedButNeitherChangedNorRemoved() throws {
    try namespace.ip("link add lan0 type bridge", "address add 10.0.0.1/8 dev lan0")
    _ = try ensure(definition("172.31.0.1/16", name: "lan0", mtu: 1400))
    #expect(try addresses("lan0") == ["10.0.0.1/8", "172.31.0.1/16"])
    #expect(try link("lan0")?.alias == "")
    #expect(try link("lan0")?.mtu == 1500)
    try namespace.run { try BridgeDriver.remove(name: "lan0", id: Self.id) }
    #expect(try link("lan0") != nil)
  }

  @Test func aNameThatIsTakenIsRefused() throws {
    try namespace.ip("link add veth0 type veth peer name veth1")
    let error = failure { _ = try ensure(definition("172.31.0.1/16", name: "veth0")) }
    #expect(error?.code == .conflict)
    #expect(error?.message == "existing interface veth0 is not a bridge: choose another com.docker.network.bridge.name")
    _ = try ensure(definition("172.31.0.1/16", name: "shared"))
    #expect(
      failure { _ = try ensure(definition("172.30.0.1/16", name: "shared", id: "ffff")) }?.message.hasPrefix(
        "bridge shared belongs to network 0123456789ab") == true)
    try namespace.run { try BridgeDriver.remove(name: "shared", id: "ffff") }
    #expect(try link("shared") != nil)
  }

  @Test(arguments: ["..", "a/b", "a b", "a\"b", "sixteen-letters-", "ä"]) func aNameThatTheKernelOrTheFirewallWouldNotTakeIsRefused(_ name: String) {
    let bridge = definition("172.31.0.1/16", name: name)
    let error = failure { _ = try ensure(bridge) }
    #expect(error?.code == .invalidArgument)
  }

  @Test func anInternalNetworkTurnsNoForwardingOn() throws {
    #expect(try ensure(definition("172.31.0.1/16", "fd01::1/64", isInternal: true)) == [])
    #expect(try read("ipv4/ip_forward") == "0" && read("ipv6/conf/all/forwarding") == "0")
  }

  @Test func aHostThatStartsToForwardKeepsListeningToAdvertisements() throws {
    try namespace.ip("link add eth0 type veth peer name peer0", "link add eth1 type veth peer name peer1")
    try namespace.write("1", to: "/proc/sys/net/ipv6/conf/eth0/accept_ra")
    for name in ["eth1", "peer0", "peer1"] { try namespace.write("0", to: "/proc/sys/net/ipv6/conf/\(name)/accept_ra") }
    let notices = try ensure(definition("fd01::1/64"))
    #expect(notices.first == "net.ipv6.conf.eth0.accept_ra was 1 and is now 2: eth0 keeps listening to router advertisements")
    #expect(try read("ipv6/conf/eth0/accept_ra") == "2" && read("ipv6/conf/eth1/accept_ra") == "0")
  }

  @Test func leftoversAreKnownByTheirMark() throws {
    _ = try ensure(definition("172.31.0.1/16"))
    _ = try ensure(definition("172.30.0.1/16", name: "own", id: "ffff"))
    try namespace.ip("link add lan0 type bridge", "link set lan0 alias somebody")
    let expected: Set = [
      BridgeDriver.Owned(name: "br-0123456789ab", id: Self.id, isBridge: true), BridgeDriver.Owned(name: "own", id: "ffff", isBridge: true),
    ]
    #expect(Set(try namespace.run { try BridgeDriver.list() }) == expected)
    try namespace.run { for owned in try BridgeDriver.list() { try BridgeDriver.remove(name: owned.name, id: owned.id) } }
    #expect(try namespace.run { try BridgeDriver.list() }.isEmpty)
  }

  @Test func withoutTheRightsTheErrorSaysWhatIsMissing() throws {
    let error = failure {
      try namespace.run {
        try Unprivileged.become()
        _ = try BridgeDriver.ensure(BridgeDefinition(id: Self.id, gateways: [prefix("172.31.0.1/16")], isInternal: true))
      }
    }
    #expect(error?.code == .forbidden)
    #expect(error?.message.contains("br-0123456789ab") == true && error?.message.hasSuffix("it takes the capability CAP_NET_ADMIN") == true)
  }

  @Test func theHostsNetworksAreItsAddressesAndRoutes() throws {
    try namespace.ip(
      "link add eth0 type veth peer name peer0", "link set eth0 up", "link set peer0 up", "address add 192.0.2.5/24 dev eth0",
      "address add 2001:db8::5/64 dev eth0 nodad", "route add 10.8.0.0/16 via 192.0.2.1", "route add default via 192.0.2.1",
      "route add 0.0.0.0/1 via 192.0.2.1", "route add 198.51.100.0/24 dev eth0", "route add 203.0.113.0/24 via 192.0.2.1 table 77")
    _ = try ensure(definition("172.31.0.1/16"))
    let taken = Set(try namespace.run { try HostNetworks.taken(excluding: ["br-0123456789ab"]) }.map(\.description))
    #expect(
      taken == [
        "192.0.2.0/24 is the network of the host's interface eth0", "198.51.100.0/24 is the network of the host's interface eth0",
        "10.8.0.0/16 is reached via the host's interface eth0", "2001:db8::/64 is the network of the host's interface eth0",
      ])
    #expect(try namespace.run { try HostNetworks.taken() }.contains(TakenPrefix(prefix("172.31.0.0/16"), .interface("br-0123456789ab"))))
    #expect(try namespace.run { try HostNetworks.addresses() }.contains(TakenPrefix(prefix("127.0.0.1/8"), .interface("lo"))))
  }

  @Test func aParentMustBeThere() throws {
    let namespace = namespace
    try namespace.ip("link add eth0 type veth peer name peer0")
    #expect(try namespace.run { try ParentDriver.ensure("eth0", id: Self.id) } == "eth0")
    try namespace.run { try ParentDriver.remove("eth0", id: Self.id) }
    #expect(try link("eth0") != nil)
    #expect(
      failure { _ = try namespace.run { try ParentDriver.ensure("eth7", id: "1") } }?.message.contains("parent interface eth7 was not found") == true)
    #expect(
      failure { _ = try namespace.run { try ParentDriver.ensure("eth7.10", id: "1") } }?.message
        == "-o parent interface was not found on the host: eth7")
    for name in ["eth0.0", "eth0.4095", "eth0.x", "eth0.1.2", ".5"] {
      #expect(failure { _ = try namespace.run { try ParentDriver.ensure(name, id: "1") } }?.code == .invalidArgument)
    }
    #expect(try ParentDriver.vlan("eth0.4094").tag == 4094)
  }

  @Test(arguments: ["eth0.10", nil]) func aParentThatIsMissingIsMadeAndGoesWithItsNetwork(_ parent: String?) throws {
    try namespace.ip("link add eth0 type veth peer name peer0")
    do {
      let namespace = namespace
      let name = try namespace.run { try ParentDriver.ensure(parent, id: Self.id) }
      #expect(name == parent ?? "dm-0123456789ab")
      #expect(try namespace.run { try ParentDriver.ensure(parent, id: Self.id) } == name)
      #expect(try link(name)?.alias == "hull:\(Self.id)")
      #expect(try link(name)?.isUp == true)
      try namespace.run { try ParentDriver.remove(name, id: Self.id) }
      #expect(try link(name) == nil)
    } catch let error as HullError where error.code == .unsupported {
      // A kernel without this kind of interface says so.
      #expect(error.message.contains(parent ?? "dm-0123456789ab"))
    }
  }
}
