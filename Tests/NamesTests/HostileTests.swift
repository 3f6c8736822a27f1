// SPDX-License-Identifier: Apache-2.0
import DNS
import Foundation
import Glibc
import Names
import Testing

/// A workload that means harm harms itself alone.
@Suite(.serialized) struct HostileTests {
  /// The same numbers for the same seed.
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  /// A question, mostly spoilt: bytes changed, cut off, pointers put in, counts wrong, or nothing but noise.
  private func spoilt(_ random: inout Seeded) -> [UInt8] {
    let names = ["web", "web.front", "www.example.com", "2.0.18.172.in-addr.arpa", "", String(repeating: "a.", count: 120)]
    var question = Question(names.randomElement(using: &random)!, DNSType(rawValue: [1, 12, 28, 15, 255, 41, 252].randomElement(using: &random)!))
    if Bool.random(using: &random) { question.datagramSize = UInt16.random(in: 0 ... .max, using: &random) }
    var bytes = question.bytes
    switch Int.random(in: 0..<8, using: &random) {
    case 0: break
    case 1: bytes = (0..<Int.random(in: 0..<100, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    case 2: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
    case 3:
      bytes.replaceSubrange(
        12..<min(bytes.count, 14), with: [0xC0 | UInt8.random(in: 0..<2, using: &random), UInt8.random(in: 0...40, using: &random)])
    case 4: bytes.replaceSubrange(4..<12, with: (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) })
    case 5: bytes += [UInt8](repeating: 0, count: Int.random(in: 1..<3000, using: &random))
    default:
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
    }
    return bytes
  }

  /// How many sockets on this machine are connected to a port of an upstream server.
  private func sockets(to port: UInt16) throws -> Int {
    let end = ":" + String(format: "%04X", port)
    return try ["udp", "tcp"].reduce(0) { count, family in
      let lines = try String(contentsOfFile: "/proc/self/net/\(family)", encoding: .utf8).split(separator: "\n").dropFirst()
      return count
        + lines.count { line in
          let fields = line.split(separator: " ")
          // What the kernel remembers of a connection that is closed (TIME_WAIT) is no socket.
          return fields[2].hasSuffix(end) && fields[3] != "06"
        }
    }
  }

  @Test func aHundredThousandSpoiltMessagesDoNoHarm() throws {
    let upstream = try Upstream { asked in
      asked.message.last.map { $0 & 1 == 0 } == true ? [answer(asked.message)] : [asked.message]
    }
    var limits = NameServerLimits()
    limits.upstreamPort = upstream.port
    let server = try TestServer(upstreams: ["127.0.0.2"], limits: limits)
    try server.network("front", [("172.18.0.2", "web")])
    var random = Seeded(state: 20_260_801)
    let client = try DatagramClient(server.udpPort)
    for round in 1...100_000 {
      client.send(spoilt(&random))
      guard round % 50 == 0 else { continue }
      client.drain()
      // In step: nothing is thrown away for want of room in the socket.
      server.perform { server in #expect(server.openQuestions <= NameServerLimits().lookups) }
    }
    #expect(try server.ask("web").addresses == ["172.18.0.2"])
    #expect(try sockets(to: upstream.port) <= NameServerLimits().lookups)
    server.stop()
    #expect(try sockets(to: upstream.port) == 0)
    upstream.stop()
  }

  @Test func spoiltMessagesOverTCPDoNoHarm() throws {
    let server = try TestServer()
    try server.network("front", [("172.18.0.2", "web")])
    var random = Seeded(state: 7)
    for round in 0..<3000 {
      let client = try StreamConnection(server.tcpPort)
      for _ in 0..<3 {
        let message = spoilt(&random)
        if round % 7 == 0 { client.sendRaw(message) } else { client.send(message) }
      }
      if round % 2 == 0 { client.endSending() }
    }
    #expect(try server.askOverTCP("web").addresses == ["172.18.0.2"])
    server.perform { server in #expect(server.openConnections <= NameServerLimits().connections) }
    server.stop()
  }

  @Test func connectionsThatNeverEndDoNotKeepOthersOut() throws {
    let server = try TestServer()
    try server.network("front", (0..<500).map { ("10.1.\($0 / 250).\($0 % 250)", "c\($0) web") })
    let silent = try (0..<100).map { _ in try StreamConnection(server.tcpPort) }
    // They ask and never read.
    let deaf = try (0..<40).map { _ in try StreamConnection(server.tcpPort) }
    for client in deaf { client.sendRaw((0..<500).flatMap { _ in big(UInt16(Question("web").bytes.count)) + Question("web").bytes }) }
    server.perform { server in #expect(server.openConnections <= NameServerLimits().connections) }
    #expect(try server.ask("c7").addresses == ["10.1.0.7"])
    #expect(try server.askOverTCP("c7").addresses == ["10.1.0.7"])
    withExtendedLifetime((silent, deaf)) { server.stop() }
  }

  @Test func nothingIsLeftOpenAfterwards() throws {
    let upstream = try Upstream { _ in [] }
    var limits = NameServerLimits()
    limits.upstreamPort = upstream.port
    let server = try TestServer(upstreams: ["127.0.0.2"], limits: limits)
    let client = try DatagramClient(server.udpPort)
    let stream = try StreamConnection(server.tcpPort)
    client.send(Question("a.example").bytes)
    stream.send(Question("a.example").bytes)
    while upstream.asked.count < 2 { server.perform { _ in } }
    #expect(try sockets(to: upstream.port) >= 1)
    server.stop()
    #expect(stream.isClosed)
    client.send([1])
    #expect(throws: NoAnswer.self) { try client.receive() }
    upstream.stop()
    // A packet that the kernel is working on just now keeps its socket in the list.
    let patience = ContinuousClock.now + .seconds(10)
    while try sockets(to: upstream.port) > 0, ContinuousClock.now < patience { usleep(1000) }
    #expect(try sockets(to: upstream.port) == 0)
  }
}
