// SPDX-License-Identifier: Apache-2.0
import Addressing
import Glibc
import LinuxSystem
import NamespaceSupport
import Netlink
import Testing

@testable import Interfaces

@Suite struct ResolverSocketTests {
  @Test func whatTheWorkloadSendsToPort53ComesToTheSockets() throws {
    let site = try Site()
    let namespace = site.workload.descriptor
    let sockets = try site.host.run { try Interfaces.resolverSockets(namespace: namespace) }
    defer {
      close(sockets.udp)
      close(sockets.tcp)
    }
    try site.workload.run {
      let client = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) })
      var target = sockaddr_in()
      target.sin_family = sa_family_t(AF_INET)
      target.sin_port = in_port_t(53).bigEndian
      target.sin_addr.s_addr = in_addr_t(0x7F00_000B).bigEndian
      try checked("sendto") {
        withUnsafePointer(to: &target) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(client.number, "question", 8, 0, $0, 16) }
        }
      }
    }
    #expect(try Descriptors.waitReadable(sockets.udp, milliseconds: 5000))
    var buffer = [UInt8](repeating: 0, count: 100)
    #expect(recv(sockets.udp, &buffer, buffer.count, 0) == 8)
  }

  @Test func theWorkloadMayListenAtPort53Itself() throws {
    let site = try Site()
    let namespace = site.workload.descriptor
    let sockets = try site.host.run { try Interfaces.resolverSockets(namespace: namespace) }
    defer {
      close(sockets.udp)
      close(sockets.tcp)
    }
    let listening = try site.workload.run {
      let socket = OwnedDescriptor(try checked("socket") { Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) })
      var any = sockaddr_in()
      any.sin_family = sa_family_t(AF_INET)
      any.sin_port = in_port_t(53).bigEndian
      return withUnsafePointer(to: &any) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket.number, $0, 16) } }
    }
    #expect(listening == 0)
  }
}

/// The process's descriptors are counted: this suite runs alone.
@Suite(.serialized) struct InterfacesDescriptorsSerial {
  @Test func neitherSuccessNorFailureLeavesADescriptorOpen() throws {
    let site = try Site()
    let namespace = site.workload.descriptor
    let taken = try Site()
    try taken.workload.run { try RouteSocket().perform([.addBridge("eth0")]) }
    func round() throws {
      let attached = try site.attach(pair(gateways: ["172.31.0.1"]), macvlan("eth1"))
      try site.setGateways(attached)
      for interface in attached { try site.detach(interface) }
      #expect(!failure { _ = try taken.attach(pair("eth1"), macvlan()) }.isEmpty)
      #expect(!failure { _ = try site.attach(pair(gateways: ["192.0.2.1"])) }.isEmpty)
      #expect(!failure { _ = try site.host.run { try Interfaces.resolverSockets(namespace: -1) } }.isEmpty)
      let refused = failure {
        _ = try site.host.run {
          // Root in the namespace no more: sockets can be made, packet rules cannot.
          try NetworkNamespace.visit(namespace) { () throws(SystemError) in }
          try Unprivileged.become()
          return try Interfaces.resolverSockets(namespace: namespace)
        }
      }
      #expect(!refused.isEmpty)
      let sockets = try site.host.run { try Interfaces.resolverSockets(namespace: namespace) }
      close(sockets.udp)
      close(sockets.tcp)
    }
    try round()
    let before = OpenDescriptors.count
    for _ in 0..<10 { try round() }
    #expect(OpenDescriptors.count == before)
  }
}
