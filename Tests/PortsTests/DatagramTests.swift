// SPDX-License-Identifier: Apache-2.0
import Addressing
import Foundation
import Glibc
import LinuxSystem
import ShimProtocol
import Testing

extension PortsSerial {
  /// UDP through a published port.
  struct DatagramTests {
    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("::1", "127.0.0.1"), ("127.0.0.1", "::1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1")])
    func aDatagramIsAnswered(host: String, workload: String) throws {
      try onStage { stage in
        let server = stage.add(try Workload(datagramsAt: workload) { text, _ in "\(text) back" })
        try stage.relay.hold(server.plan(.udp, at: 5353, on: host))
        let client = try TestSocket.connected(5353, at: host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host, SOCK_DGRAM)
        try client.send("there and")
        #expect(try client.receiveText() == "there and back")
      }
    }

    @Test func everyClientGetsItsOwnAnswers() throws {
      try onStage { stage in
        let server = stage.add(try Workload(datagramsAt: "127.0.0.1") { text, from in "\(text) \(from)" })
        try stage.relay.hold(server.plan(.udp, at: 5353))
        let clients = try (0..<50).map { _ in try TestSocket.connected(5353, SOCK_DGRAM) }
        var sources: Set<String> = []
        for round in 0..<5 {
          for (index, client) in clients.enumerated() { try client.send("\(round) \(index)") }
          for (index, client) in clients.enumerated() {
            let words = try client.receiveText().split(separator: " ").map(String.init)
            #expect(words.prefix(2) == ["\(round)", "\(index)"])
            sources.insert(words[2])
          }
        }
        // Each client is one to the workload, too, and stays the same one.
        #expect(sources.count == clients.count)
      }
    }

    @Test func anAnswerComesFromTheAddressThatWasAsked() throws {
      try onStage { stage in
        let server = stage.add(try Workload(datagramsAt: "127.0.0.1") { text, _ in text })
        try stage.relay.hold(server.plan(.udp, at: 5353, on: "0.0.0.0"), server.plan(.udp, at: 5353, on: "::"))
        try Tool.run("ip", "addr", "add", "fd00::7/128", "dev", "lo", "nodad")
        let client = try TestSocket(SOCK_DGRAM, from: ("127.0.0.1", 0))
        for host in ["127.0.0.1", "127.0.0.7", "127.1.2.3"] {
          try client.send("x", to: host, 5353)
          #expect(try client.receiveFrom().from == "\(host):5353", "asked \(host)")
        }
        let other = try TestSocket(SOCK_DGRAM, .v6)
        for host in ["::1", "fd00::7"] {
          try other.send("x", to: host, 5353)
          #expect(try other.receiveFrom().from == "[\(host)]:5353", "asked \(host)")
        }
      }
    }

    @Test func theLargestDatagramPasses() throws {
      try onStage { stage in
        let server = stage.add(try Workload(datagramsAt: "127.0.0.1") { text, _ in text })
        try stage.relay.hold(server.plan(.udp, at: 5353))
        let client = try TestSocket.connected(5353, SOCK_DGRAM)
        let text = String(repeating: "0123456789", count: 6550)
        try client.send(text)
        #expect(try client.receiveText() == text)
      }
    }

    @Test func anEmptyDatagramIsADatagram() throws {
      try onStage { stage in
        let workload = try TestSocket(SOCK_DGRAM, from: ("127.0.0.1", 9000))
        try stage.relay.hold(PortPlan(.udp, host: (IPAddress("127.0.0.1")!, 5353), target: (IPAddress("127.0.0.1")!, 9000)))
        let client = try TestSocket(SOCK_DGRAM, from: ("127.0.0.1", 0))
        try client.send("", to: "127.0.0.1", 5353)
        let (text, from) = try workload.receiveFrom()
        #expect(text == "")
        try workload.send("", to: "127.0.0.1", UInt16(from.split(separator: ":")[1])!)
        #expect(try client.receiveFrom().from == "127.0.0.1:5353")
      }
    }

    @Test func aWorkloadThatDoesNotListenYetIsHeardLater() throws {
      try onStage { stage in
        let plan = PortPlan(.udp, host: (IPAddress("127.0.0.1")!, 5353), target: (IPAddress("127.0.0.1")!, 9000))
        try stage.relay.hold(plan)
        let client = try TestSocket.connected(5353, SOCK_DGRAM)
        for _ in 0..<10 { try client.send("nobody there") }
        _ = stage.add(try Workload(datagramsAt: "127.0.0.1") { text, _ in text })
        try client.send("somebody there")
        var answer = ""
        while answer != "somebody there" { answer = try client.receiveText() }
      }
    }

    @Test func aSilentClientIsForgotten() throws {
      try onStage(datagramTimeout: 20) { stage in
        let server = stage.add(try Workload(datagramsAt: "127.0.0.1") { text, from in "\(text) \(from)" })
        try stage.relay.hold(server.plan(.udp, at: 5353))
        let before = try openDescriptors()
        let client = try TestSocket(SOCK_DGRAM)
        try client.send("x", to: "127.0.0.1", 5353)
        _ = try client.receiveFrom()
        try eventually("the flow is closed") { try openDescriptors() == before + 1 }
        try client.send("x", to: "127.0.0.1", 5353)
        #expect(try client.receiveFrom().text.hasPrefix("x "))
      }
    }

    @Test func theLongestSilentClientMakesRoom() throws {
      try onStage(flowLimit: 3) { stage in
        let server = stage.add(try Workload(datagramsAt: "127.0.0.1") { _, from in from })
        try stage.relay.hold(server.plan(.udp, at: 5353))
        let clients = try (0..<4).map { _ in try TestSocket.connected(5353, SOCK_DGRAM) }
        func ask(_ index: Int) throws -> String {
          try clients[index].send("x")
          return try clients[index].receiveText()
        }
        let first = try (0..<3).map(ask)
        let before = try openDescriptors()
        #expect(try ask(0) == first[0])
        _ = try ask(3)
        #expect(try openDescriptors() == before)
        #expect(try ask(0) == first[0])
        #expect(try ask(2) == first[2])
      }
    }

    @Test func aFloodOfClientsStaysWithinItsBound() throws {
      try onStage(flowLimit: 16) { stage in
        let server = stage.add(try Workload(datagramsAt: "127.0.0.1") { text, _ in text == "last" ? text : nil })
        try stage.relay.hold(server.plan(.udp, at: 5353))
        let before = try openDescriptors()
        for address in 1...250 {
          let client = try TestSocket(SOCK_DGRAM, from: ("127.0.1.\(address)", 0))
          for _ in 0..<4 { try client.send("flood", to: "127.0.0.1", 5353) }
        }
        let client = try TestSocket.connected(5353, SOCK_DGRAM)
        // In a flood datagrams are lost: who wants an answer asks again.
        var patience = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(client.number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        try eventually("the last client is answered") {
          try client.send("last")
          return (try? client.receiveText()) == "last"
        }
        #expect(try openDescriptors() <= before + 1 + 16)
      }
    }
  }
}
