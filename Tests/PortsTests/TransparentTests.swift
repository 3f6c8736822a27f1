// SPDX-License-Identifier: Apache-2.0
import Addressing
import Foundation
import Glibc
import LinuxSystem
import ShimProtocol
import Testing

extension PortsSerial {
  /// A workload that sees its clients' addresses. Client, host and workload each have a network namespace of their own; the host's
  /// routing brings the workload's answers to the relay's sockets.
  struct TransparentTests {
    @Test func theWorkloadSeesTheClientsAddress() throws {
      try routed(transparent: true) { stage, client, _ in
        let (connection, datagram) = try ask(stage, client)
        #expect(connection.hasPrefix("10.1.0.2:"))
        #expect(datagram.hasPrefix("10.1.0.2:"))
      }
    }

    @Test func theWorkloadSeesAnIPv6ClientsAddress() throws {
      try routed(transparent: true) { stage, client, _ in
        let (connection, datagram) = try ask(stage, client, host: "fd01::1", workload: "fd02::2")
        #expect(connection.hasPrefix("[fd01::2]:"))
        #expect(datagram.hasPrefix("[fd01::2]:"))
      }
    }

    @Test func withoutTransparencyItSeesTheHost() throws {
      try routed(transparent: false) { stage, client, _ in
        let (connection, datagram) = try ask(stage, client)
        #expect(connection.hasPrefix("10.2.0.1:"))
        #expect(datagram.hasPrefix("10.2.0.1:"))
      }
    }

    @Test func aClientOfTheOtherFamilyIsSeenAsTheHost() throws {
      try routed(transparent: true) { stage, client, _ in
        let (connection, datagram) = try ask(stage, client, host: "fd01::1")
        #expect(connection.hasPrefix("10.2.0.1:"))
        #expect(datagram.hasPrefix("10.2.0.1:"))
      }
    }

    @Test func theHostsOwnClientsReachIt() throws {
      try routed(transparent: true) { stage, _, _ in
        for host in ["127.0.0.1", "10.1.0.1"] {
          let connection = try TestSocket.connected(8080, at: host)
          #expect(try connection.receiveText().hasPrefix("10."))
          let datagram = try TestSocket.connected(8080, at: host, SOCK_DGRAM)
          try datagram.send("who am I")
          #expect(try datagram.receiveText().hasPrefix("10."))
        }
      }
    }

    @Test func theWorkloadReachesItself() throws {
      try routed(transparent: true) { stage, _, workload in
        let connection = try stage.network.elsewhere(workload) { try TestSocket.connected(8080, at: "10.2.0.1") }
        #expect(try connection.receiveText().hasPrefix("10.2.0.1:"))
      }
    }

    /// What the workload says about who asks, over TCP and UDP.
    private func ask(_ stage: Stage, _ client: borrowing TestNamespace, host: String = "10.1.0.1", workload: String = "10.2.0.2") throws -> (
      String, String
    ) {
      if workload != "10.2.0.2" || host != "10.1.0.1" { try stage.hold(host: host, workload: workload) }
      let (connection, datagram) = try stage.network.elsewhere(client) {
        (try TestSocket.connected(8080, at: host), try TestSocket.connected(8080, at: host, SOCK_DGRAM))
      }
      try datagram.send("who am I")
      return (try connection.receiveText(), try datagram.receiveText())
    }

    private func routed(transparent: Bool, _ body: (Stage, borrowing TestNamespace, borrowing TestNamespace) throws -> Void) throws {
      try onStage(transparent: transparent) { stage in
        let client = try stage.network.neighbour(
          "out", here: ["10.1.0.1/24", "fd01::1/64"], there: ["10.1.0.2/24", "fd01::2/64"], gateway: "10.1.0.1")
        let workload = try stage.network.neighbour(
          "in", here: ["10.2.0.1/24", "fd02::1/64"], there: ["10.2.0.2/24", "fd02::2/64"], gateway: "10.2.0.1")
        try stage.network.elsewhere(workload) {
          try Tool.run("ip", "-6", "route", "add", "default", "via", "fd02::1")
          for host in ["10.2.0.2", "fd02::2"] {
            _ = stage.add(try Workload(host) { client in try client.send(client.peer) })
            _ = stage.add(try Workload(datagramsAt: host) { _, from in from })
          }
        }
        try routeAnswers()
        try stage.hold(host: "0.0.0.0", workload: "10.2.0.2")
        try body(stage, client, workload)
      }
    }

    /// Packets for a socket that speaks for somebody else are delivered to it.
    private func routeAnswers() throws {
      try Tool.run(
        "nft", "table inet answers { chain prerouting { type filter hook prerouting priority mangle; socket transparent 1 meta mark set 1; }; }")
      for family in ["-4", "-6"] {
        try Tool.run("ip", family, "rule", "add", "fwmark", "1", "lookup", "100")
        try Tool.run("ip", family, "route", "add", "local", "default", "dev", "lo", "table", "100")
      }
    }
  }
}

extension Stage {
  fileprivate func hold(host: String, workload: String) throws {
    let plans = [PortPlan.Transport.tcp, .udp].map {
      PortPlan($0, host: (IPAddress(host)!, 8080), target: (IPAddress(workload)!, 9000))
    }
    try relay.hold(plans[0], plans[1])
  }
}
