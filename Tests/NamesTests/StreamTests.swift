// SPDX-License-Identifier: Apache-2.0
import DNS
import Foundation
import Names
import Testing

/// Clients over TCP.
struct StreamTests {
  private func with(_ limits: NameServerLimits = NameServerLimits(), _ body: (TestServer) throws -> Void) throws {
    let server = try TestServer(limits: limits)
    defer { server.stop() }
    try server.network("front", [("172.18.0.2", "web")])
    try body(server)
  }

  private func framed(_ message: [UInt8]) -> [UInt8] { big(UInt16(message.count)) + message }

  @Test func oneConnectionCarriesManyQuestions() throws {
    try with { server in
      let client = try StreamConnection(server.tcpPort)
      for _ in 0..<3 {
        client.send(Question("web").bytes)
        #expect(try Reply(client.receive()).addresses == ["172.18.0.2"])
      }
      // More at once than are read at once.
      client.sendRaw((0..<200).flatMap { _ in framed(Question("web").bytes) })
      for _ in 0..<200 { #expect(try Reply(client.receive()).addresses == ["172.18.0.2"]) }
    }
  }

  @Test func aQuestionMayComeByteForByte() throws {
    try with { server in
      let client = try StreamConnection(server.tcpPort)
      for byte in framed(Question("web").bytes) { client.sendRaw([byte]) }
      #expect(try Reply(client.receive()).addresses == ["172.18.0.2"])
    }
  }

  @Test func oneWhoSendsNoMoreIsAnsweredFirst() throws {
    try with { server in
      let client = try StreamConnection(server.tcpPort)
      client.send(Question("web").bytes)
      client.send(Question("unknown").bytes)
      client.endSending()
      #expect(try Reply(client.receive()).addresses == ["172.18.0.2"])
      #expect(try Reply(client.receive()).code == 2)
      #expect(client.isClosed)
    }
  }

  @Test(arguments: [[0xFF, 0xFF, 1], [0, 0], [0, 3, 1, 2, 3], [0, 12, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]])
  func oneWhoSpeaksNoDNSIsTurnedAway(bytes: [UInt8]) throws {
    try with { server in
      let client = try StreamConnection(server.tcpPort)
      client.sendRaw(bytes)
      #expect(client.isClosed)
    }
  }

  @Test func aMalformedQuestionIsAnsweredAndTheNextOneToo() throws {
    try with { server in
      let client = try StreamConnection(server.tcpPort)
      client.send(Question("web").bytes + [7])
      client.send(Question("web").bytes)
      #expect(try Reply(client.receive()).code == 1)
      #expect(try Reply(client.receive()).addresses == ["172.18.0.2"])
    }
  }

  @Test func anIdleConnectionIsClosed() throws {
    var limits = NameServerLimits()
    limits.idlePatience = 100
    try with(limits) { server in
      let silent = try StreamConnection(server.tcpPort)
      let half = try StreamConnection(server.tcpPort)
      half.sendRaw([0])
      #expect(silent.isClosed && half.isClosed)
    }
  }

  @Test func theConnectionThatHasAskedLeastLatelyMakesRoom() throws {
    var limits = NameServerLimits()
    limits.connections = 3
    try with(limits) { server in
      let clients = try (0..<3).map { _ in try StreamConnection(server.tcpPort) }
      for client in clients + [clients[0]] {
        client.send(Question("web").bytes)
        _ = try client.receive()
      }
      let newcomer = try StreamConnection(server.tcpPort)
      newcomer.send(Question("web").bytes)
      _ = try newcomer.receive()
      #expect(clients[1].isClosed)
      clients[0].send(Question("web").bytes)
      #expect(try Reply(clients[0].receive()).addresses == ["172.18.0.2"])
    }
  }

  @Test func aClientThatLeavesTakesItsQuestionAlong() throws {
    let upstream = try Upstream { _ in [] }
    var limits = NameServerLimits()
    limits.upstreamPort = upstream.port
    limits.lookups = 1
    let server = try TestServer(upstreams: ["127.0.0.2"], limits: limits)
    defer {
      server.stop()
      upstream.stop()
    }
    let leaving = try StreamConnection(server.tcpPort)
    leaving.send(Question("a.example").bytes)
    leaving.sendRaw([0xFF])
    let datagrams = try DatagramClient(server.udpPort)
    datagrams.send(Question("b.example").bytes)
    datagrams.send(Question("c.example").bytes)
    #expect(try Reply(datagrams.receive()).code == 2)
  }
}
