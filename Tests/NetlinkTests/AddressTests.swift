// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import NamespaceSupport
import Testing

@testable import Netlink

/// Addresses and routes in a network namespace of the test.
@Suite struct AddressTests {
  private let namespace: TestNamespace

  init() throws {
    namespace = try TestNamespace()
    try namespace.route { socket in
      try socket.perform([.addVethPair("eth0", master: 0, peer: "peer0", in: .here, mac: nil, mtu: nil)])
      try socket.perform([.setLink(try socket.index("peer0"), name: "peer0", up: true)])
    }
  }

  private func onInterface<Result: Sendable>(_ body: @escaping @Sendable (RouteSocket, Int32) throws -> Result) throws -> Result {
    try namespace.route { try body($0, try $0.index("eth0")) }
  }

  @Test func addressesOfBothFamiliesComeAndGo() throws {
    try onInterface { socket, index in
      let all = ["172.31.0.2/16", "10.0.0.1/31", "10.1.1.1/32", "0.0.0.5/8", "fd01::2/64", "fd02::1/128", "fe80::5/64"].map(prefix)
      try socket.perform(all.map { .addAddress($0, to: index, name: "eth0") })
      let present = try socket.addresses().filter { $0.index == index }.map(\.prefix)
      #expect(Set(present).isSuperset(of: all) && present.count <= all.count + 1)
      #expect(errorNumber { try socket.perform([.addAddress(all[0], to: index, name: "eth0")]) } == EEXIST)
      try socket.perform(all.map { .deleteAddress($0, from: index, name: "eth0") })
      #expect(try socket.addresses().filter { $0.index == index && !$0.prefix.address.isLinkLocal }.isEmpty)
      #expect(errorNumber { try socket.perform([.deleteAddress(all[0], from: index, name: "eth0")]) } == EADDRNOTAVAIL)
      #expect(errorNumber { try socket.perform([.addAddress(all[0], to: 4711, name: "eth7")]) } == ENODEV)
    }
  }

  @Test func anIPv6AddressIsUsableAtOnce() throws {
    try onInterface { socket, index in try socket.perform([.addAddress(prefix("fd01::2/64"), to: index, name: "eth0")]) }
    try namespace.run {
      let socket = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0) })
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address("fd01::2").bytes) }
      try checked("bind") {
        withUnsafePointer(to: &name) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket.number, $0, 28) } }
      }
    }
  }

  @Test func theDefaultRouteIsReplacedNotDoubled() throws {
    try onInterface { socket, index in
      try socket.perform(["172.31.0.2/16", "fd01::2/64"].map { .addAddress(prefix($0), to: index, name: "eth0") })
      for gateway in ["172.31.0.1", "fd01::1", "172.31.0.9", "fd01::9"] { try socket.perform([.setDefaultRoute(address(gateway), by: index)]) }
      for (family, gateway) in [(IPAddress.Family.v4, "172.31.0.9"), (.v6, "fd01::9")] {
        let routes = try socket.routes(family).filter { $0.destination.length == 0 && $0.table == 254 && $0.gateway != nil }
        #expect(routes.map(\.gateway) == [address(gateway)] && routes.first?.index == index && routes.first?.origin == 3)
        try socket.perform([.deleteDefaultRoute(address(gateway), by: index)])
        #expect(errorNumber { try socket.perform([.deleteDefaultRoute(address(gateway), by: index)]) } == ESRCH)
      }
      #expect(errorNumber { try socket.perform([.setDefaultRoute(address("192.0.2.1"), by: index)]) } == ENETUNREACH)
    }
  }

  @Test func routesWithoutAGatewayAndOfOtherTablesAreTold() throws {
    try onInterface { socket, index in
      try socket.perform([
        .addRoute(to: prefix("10.8.0.0/16"), by: index), .addRoute(to: prefix("fd08::/48"), by: index),
        .addRoute(to: prefix("10.9.0.0/16"), by: index, table: 77),
      ])
      let v4 = try socket.routes(.v4)
      #expect(v4.contains { $0.destination == prefix("10.8.0.0/16") && $0.gateway == nil && $0.index == index && $0.table == 254 })
      #expect(v4.contains { $0.destination == prefix("10.9.0.0/16") && $0.table == 77 })
      #expect(try socket.routes(.v6).contains { $0.destination == prefix("fd08::/48") && $0.index == index })
    }
  }

  @Test func manyAtOnceAreAllDoneAndAllListed() throws {
    try onInterface { socket, index in
      let all = (0..<3000).map { IPPrefix(IPAddress(.v4, 0x0A00_0001 + UInt128($0)), 32) }
      try socket.perform(all.map { .addAddress($0, to: index, name: "eth0") })
      #expect(Set(try socket.addresses().filter { $0.index == index }.map(\.prefix)).isSuperset(of: all))
      #expect(try socket.routes(.v4).count { $0.kind == 2 && $0.index == index } == 3000)
    }
  }

  @Test func ofManyTheFirstRefusalIsToldAndTheOthersAreDone() throws {
    try onInterface { socket, index in
      var requests = (0..<200).map { NetlinkRequest.addAddress(IPPrefix(IPAddress(.v4, 0x0A00_0001 + UInt128($0)), 32), to: index, name: "eth0") }
      requests.insert(.addAddress(prefix("10.0.0.1/32"), to: index, name: "the first twice"), at: 20)
      requests.insert(.addAddress(prefix("10.0.0.1/32"), to: 4711, name: "nobody"), at: 150)
      var failure: SystemError?
      do { try socket.perform(requests) } catch { failure = error as? SystemError }
      #expect(failure?.number == EEXIST && failure?.operation.hasPrefix("give the first twice the address 10.0.0.1/32") == true)
      let count = try socket.addresses().count { $0.index == index && $0.prefix.family == .v4 }
      #expect(count == 200)
    }
  }
}
