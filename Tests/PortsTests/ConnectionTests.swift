// SPDX-License-Identifier: Apache-2.0
import Addressing
import Foundation
import Glibc
import LinuxSystem
import ShimProtocol
import Testing

extension PortsSerial {
  /// TCP through a published port.
  struct ConnectionTests {
    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("::1", "127.0.0.1"), ("127.0.0.1", "::1"), ("::1", "::1"), ("0.0.0.0", "127.0.0.1")])
    func aConnectionReachesTheWorkload(host: String, workload: String) throws {
      try onStage { stage in
        let server = stage.add(try .echo(workload))
        try stage.relay.hold(server.plan(at: 8080, on: host))
        let client = try TestSocket.connected(8080, at: host == "0.0.0.0" ? "127.0.0.1" : host)
        try client.send("hello")
        #expect(try client.receiveText() == "hello")
        client.endSending()
        #expect(try client.receive().isEmpty)
      }
    }

    @Test func theTwoUnspecifiedAddressesAreTwoPorts() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        try stage.relay.hold(server.plan(at: 8080, on: "0.0.0.0"), server.plan(at: 8080, on: "::"))
        for host in ["127.0.0.1", "::1"] {
          let client = try TestSocket.connected(8080, at: host)
          try client.send(host)
          #expect(try client.receiveText() == host)
        }
      }
    }

    @Test func muchPassesUnchangedInBothDirections() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        try stage.relay.hold(server.plan(at: 8080))
        let client = try TestSocket.connected(8080)
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let sender = Thread {
          try? client.send(bytes)
          client.endSending()
        }
        sender.start()
        #expect(try client.receiveToEnd() == bytes)
      }
    }

    @Test func theClientsEndIsPassedOnAndTheAnswerStillComes() throws {
      try onStage { stage in
        let server = try stage.workload { client in
          let all = try client.receiveToEnd()
          try client.send("\(all.count) bytes and the end")
        }
        try stage.relay.hold(server.plan(at: 8080))
        let client = try TestSocket.connected(8080)
        try client.send([UInt8](repeating: 7, count: 300_000))
        client.endSending()
        #expect(try client.receiveToEnd() == Array("300000 bytes and the end".utf8))
      }
    }

    @Test func theWorkloadsEndIsPassedOnAndItStillReads() throws {
      try onStage { stage in
        let heard = UncheckedBox<[UInt8]>([])
        let server = try stage.workload { client in
          try client.send("bye")
          client.endSending()
          heard.value = try client.receiveToEnd()
        }
        try stage.relay.hold(server.plan(at: 8080))
        let client = try TestSocket.connected(8080)
        #expect(try client.receiveToEnd() == Array("bye".utf8))
        try client.send("one more thing")
        client.endSending()
        server.end()
        #expect(heard.value == Array("one more thing".utf8))
      }
    }

    @Test func aRefusedConnectionIsReset() throws {
      try onStage { stage in
        try stage.relay.hold(PortPlan(.tcp, host: (IPAddress("127.0.0.1")!, 8080), target: (IPAddress("127.0.0.1")!, 9)))
        #expect(throws: SystemError(ECONNRESET, "recv")) { try TestSocket.connected(8080).receive() }
      }
    }

    @Test func anUnreachableWorkloadIsAReset() throws {
      try onStage { stage in
        try stage.relay.hold(PortPlan(.tcp, host: (IPAddress("127.0.0.1")!, 8080), target: (IPAddress("198.51.100.1")!, 9)))
        #expect(throws: SystemError(ECONNRESET, "recv")) { try TestSocket.connected(8080).receive() }
      }
    }

    @Test func aResetOfTheWorkloadReachesTheClient() throws {
      try onStage { stage in
        let server = try stage.workload { client in
          _ = try client.receive()
          client.resetOnClose()
        }
        try stage.relay.hold(server.plan(at: 8080))
        let client = try TestSocket.connected(8080)
        try client.send("x")
        #expect(throws: SystemError(ECONNRESET, "recv")) { try client.receive() }
      }
    }

    @Test func aResetOfTheClientReachesTheWorkload() throws {
      try onStage { stage in
        let seen = UncheckedBox<SystemError?>(nil)
        let server = try stage.workload { client in
          try client.send(client.receive())
          do { _ = try client.receive() } catch let error as SystemError { seen.value = error }
        }
        try stage.relay.hold(server.plan(at: 8080))
        var client: TestSocket? = try TestSocket.connected(8080)
        try client?.send("x")
        _ = try client?.receive()
        client?.resetOnClose()
        client = nil
        server.end()
        #expect(seen.value == SystemError(ECONNRESET, "recv"))
      }
    }

    @Test func twoThousandConnectionsLeaveNothingBehind() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        try stage.relay.hold(server.plan(at: 8080))
        let before = try openDescriptors()
        for round in 0..<2000 {
          let client = try TestSocket.connected(8080)
          if round % 3 == 0 { client.resetOnClose() }
          if round % 2 == 0 {
            try client.send("x")
            #expect(try client.receive() == [120])
          }
        }
        try eventually("all descriptors are closed") { try openDescriptors() == before }
      }
    }
  }
}
