// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import NamespaceSupport
import Testing

@testable import Netlink

/// Interfaces in a network namespace of the test.
@Suite struct LinkTests {
  private let namespace: TestNamespace

  init() throws { namespace = try TestNamespace() }

  @Test func aBridgeAndItsPortsAreListedAsTheyAre() throws {
    let other = try TestNamespace()
    let links = try namespace.route { socket in
      try socket.perform([.addBridge("br0", mac: MACAddress("02:00:00:00:00:01"), mtu: 1400)])
      let bridge = try socket.index("br0")
      try socket.perform([
        .addVethPair("host0", master: bridge, peer: "eth0", in: .namespace(other.descriptor), mac: MACAddress("02:00:00:00:00:02"), mtu: 1300)
      ])
      try socket.perform([.setLink(bridge, name: "br0", alias: "a text of ours"), .setPort("host0", isolated: true, hairpin: true)])
      return try socket.links()
    }
    let bridge = try #require(links.first { $0.name == "br0" })
    #expect(bridge.kind == "bridge" && bridge.isUp && bridge.mac == MACAddress("02:00:00:00:00:01") && bridge.alias == "a text of ours")
    let host = try #require(links.first { $0.name == "host0" })
    #expect(host.kind == "veth" && host.isUp && host.mtu == 1300 && host.master == bridge.index)
    let peer = try #require(try other.route { try $0.link("eth0") })
    #expect(!peer.isUp && peer.mtu == 1300 && peer.mac == MACAddress("02:00:00:00:00:02") && peer.lower == host.index && host.lower == peer.index)
    #expect(links.contains { $0.name == "lo" && $0.index == 1 })
  }

  @Test func oneThatIsNotThereIsNoError() throws {
    try namespace.route { socket in
      #expect(try socket.link("eth7") == nil)
      try socket.deleteLink("eth7")
      try socket.deleteLink(4711, name: "eth7")
      #expect(errorNumber { _ = try socket.index("eth7") } == ENODEV)
    }
  }

  @Test func aNameThatIsTakenIsRefusedAndStays() throws {
    try namespace.route { socket in
      try socket.perform([.addBridge("br0")])
      let before = try socket.links()
      #expect(errorNumber { try socket.perform([.addBridge("br0")]) } == EEXIST)
      #expect(errorNumber { try socket.perform([.addVethPair("v0", master: 0, peer: "br0", in: .here, mac: nil, mtu: nil)]) } == EEXIST)
      #expect(errorNumber { try socket.perform([.addVethPair("br0", master: 0, peer: "v1", in: .here, mac: nil, mtu: nil)]) } == EEXIST)
      #expect(try socket.links() == before)
    }
  }

  @Test func whatIsRemovedByIndexMayHaveAnotherNameByNow() throws {
    try namespace.route { socket in
      try socket.perform([.addVethPair("v0", master: 0, peer: "v1", in: .here, mac: nil, mtu: nil)])
      let index = try socket.index("v0")
      try socket.perform([.setLink(index, name: "v0", up: false)])
      try socket.perform([.setLink(index, name: "v0", rename: "other")])
      try socket.perform([.addBridge("v0")])
      try socket.deleteLink(index, name: "v0")
      #expect(Set(try socket.links().map(\.name)) == ["lo", "v0"])
    }
  }

  @Test func aMacvlanIsMadeWhereItBelongs() throws {
    let other = try TestNamespace()
    try namespace.route { socket in
      try socket.perform([.addVethPair("v0", master: 0, peer: "v1", in: .here, mac: nil, mtu: 1450)])
      try socket.perform([
        .addMacvlan("eth0", parent: try socket.index("v0"), mode: 4, in: .namespace(other.descriptor), mac: MACAddress("02:00:00:00:00:05"), mtu: nil)
      ])
      #expect(try socket.link("eth0") == nil)
      #expect(errorNumber { try socket.perform([.addMacvlan("eth1", parent: 99, mode: 4, in: .here, mac: nil, mtu: nil)]) } == ENODEV)
    }
    let link = try #require(try other.route { try $0.link("eth0") })
    #expect(link.kind == "macvlan" && link.mtu == 1450 && link.mac == MACAddress("02:00:00:00:00:05"))
  }

  @Test(arguments: ["", ".", "..", "a/b", "a b", "sixteen-letters-", String(repeating: "x", count: 300)])
  func aNameThatIsNoneIsRefused(_ name: String) throws {
    try namespace.route { socket in
      #expect(errorNumber { try socket.perform([.addVethPair("v0", master: 0, peer: name, in: .here, mac: nil, mtu: nil)]) } != 0 || name.isEmpty)
      try socket.deleteLink("v0")
      #expect(errorNumber { try socket.perform([.addBridge(name)]) } != 0 || name.isEmpty)
    }
  }

  @Test func aTextThatIsTooLongIsNotTakenForOtherAttributes() throws {
    try namespace.route { socket in
      try socket.perform([.addBridge("br0")])
      let bridge = try #require(try socket.link("br0"))
      for length in [65_531, 65_532, 65_536, 65_537, 200_000] {
        let text = String(repeating: "\u{8}", count: length)
        #expect(errorNumber { try socket.perform([.setLink(bridge.index, name: "br0", alias: text)]) } != 0)
        #expect(errorNumber { _ = try socket.link(text) } != 0)
      }
      #expect(errorNumber { _ = try socket.link(String(repeating: "x", count: 65_540)) } == EMSGSIZE)
      #expect(try socket.link("br0") == bridge)
    }
  }

  @Test func aRefusalHasTheKernelsWords() throws {
    let error = try namespace.route { socket -> SystemError? in
      do {
        try socket.perform([.addBridge("br0", mtu: 70_000)])
        return nil
      } catch { return error as? SystemError }
    }
    #expect(error?.number == EINVAL && error?.operation == "make bridge br0: mtu greater than device maximum")
  }
}
