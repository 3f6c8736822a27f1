// SPDX-License-Identifier: Apache-2.0
import Addressing
import Foundation
import Glibc
import LinuxSystem
import ShimProtocol
import Testing

extension PortsSerial {
  /// Clients and workloads that mean no good.
  struct HostileTests {
    @Test func aPeerThatNeverReadsCostsNoMemoryAndHoldsUpNobody() throws {
      try onStage { stage in
        let release = DispatchSemaphore(value: 0)
        let deaf = try stage.workload { client in
          release.wait()
          _ = client
        }
        let echo = stage.add(try .echo(port: 9001))
        try stage.relay.hold(deaf.plan(at: 8080), echo.plan(at: 8081))
        let before = try privateMemory()
        let senders = try (0..<20).map { _ in try TestSocket.connected(8080) }
        for sender in senders {
          _ = fcntl(sender.number, F_SETFL, O_NONBLOCK)
          try fill(sender)
        }
        let client = try TestSocket.connected(8081)
        try client.send("hello")
        #expect(try client.receiveText() == "hello")
        // The loop's own memory is touched once; nothing grows with the number of such connections.
        #expect(try privateMemory() - before < 4 << 20)
        for _ in senders { release.signal() }
      }
    }

    @Test func aFastSenderDoesNotStarveTheOthers() throws {
      try onStage { stage in
        let sink = try stage.workload { client in while try !client.receive(1 << 20).isEmpty {} }
        let echo = stage.add(try .echo(port: 9001))
        try stage.relay.hold(sink.plan(at: 8080), echo.plan(at: 8081))
        let stop = UncheckedBox(false)
        let flood = try TestSocket.connected(8080)
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
          let block = [UInt8](repeating: 1, count: 1 << 20)
          while !stop.value, (try? flood.send(block)) != nil {}
          ended.signal()
        }
        let client = try TestSocket.connected(8081)
        for round in 0..<200 {
          try client.send("\(round)")
          #expect(try client.receiveText() == "\(round)")
        }
        stop.value = true
        ended.wait()
        flood.endSending()
      }
    }

    @Test func aThousandSlowClientsHoldUpNobody() throws {
      try onStage { stage in
        let echo = stage.add(try .echo())
        try stage.relay.hold(echo.plan(at: 8080))
        let slow = try (0..<1000).map { _ in try TestSocket.connected(8080) }
        for client in slow { try client.send("G") }
        let client = try TestSocket.connected(8080)
        try client.send("quick")
        #expect(try client.receiveText() == "quick")
        for client in slow { #expect(try client.receiveText() == "G") }
      }
    }

    @Test func whenDescriptorsRunOutCallersAreTurnedAway() throws {
      var limits = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      let normal = limits
      defer {
        var limits = normal
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      }
      try onStage { stage in
        let echo = stage.add(try .echo())
        limits.rlim_cur = rlim_t(try openDescriptors() + 200)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        try stage.relay.hold(echo.plan(at: 8080))
        var served = 0
        var clients: [TestSocket] = []
        for _ in 0..<60 {
          let client = try TestSocket.connected(8080)
          clients.append(client)
          try? client.send("x")
          guard let answer = try? client.receive(), !answer.isEmpty else { break }
          served += 1
        }
        // Each takes four here: the client's, two of the relay, and the workload's.
        #expect(served >= 30 && served < 60)
        clients = []
        try eventually("callers are served again") {
          let client = try TestSocket.connected(8080)
          try? client.send("again")
          return (try? client.receiveText()) == "again"
        }
      }
    }

    /// Sends until nothing more is taken for a while.
    private func fill(_ socket: TestSocket) throws {
      let block = [UInt8](repeating: 1, count: 1 << 18)
      var last = Date()
      while Date().timeIntervalSince(last) < 0.02 {
        if send(socket.number, block, block.count, Int32(MSG_NOSIGNAL)) > 0 { last = Date() }
      }
    }

    /// Anonymous memory of this process, in bytes.
    private func privateMemory() throws -> Int {
      let text = try Files.readText("/proc/self/smaps_rollup")
      let line = text.split(separator: "\n").first { $0.hasPrefix("Anonymous:") } ?? ""
      return (Int(line.split(separator: " ").dropLast().last ?? "") ?? 0) * 1024
    }
  }
}
