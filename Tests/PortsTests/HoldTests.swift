// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import Foundation
import Glibc
import LinuxSystem
import ShimProtocol
import Testing

extension PortsSerial {
  /// What is held, and what is said when it cannot be.
  struct HoldTests {
    @Test func aHeldPortIsTakenForEverybodyElse() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        try stage.relay.hold(server.plan(at: 8080, on: "0.0.0.0"), server.plan(.udp, at: 8080, on: "0.0.0.0"))
        for type in [SOCK_STREAM, SOCK_DGRAM] {
          #expect(throws: SystemError(EADDRINUSE, "bind 127.0.0.1:8080")) { try TestSocket(type, from: ("127.0.0.1", 8080)) }
        }
        try stage.relay.hold()
        for type in [SOCK_STREAM, SOCK_DGRAM] { _ = try TestSocket(type, from: ("127.0.0.1", 8080)) }
      }
    }

    @Test func aChangeLeavesTheConnectionsOfOtherPortsAlone() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        try stage.relay.hold(server.plan(at: 8080), server.plan(at: 8081))
        let stays = try TestSocket.connected(8080)
        let goes = try TestSocket.connected(8081)
        for client in [stays, goes] {
          try client.send("before")
          #expect(try client.receiveText() == "before")
        }
        try stage.relay.hold(server.plan(at: 8080), server.plan(at: 8082))
        #expect(try goes.receive().isEmpty)
        try stays.send("after")
        #expect(try stays.receiveText() == "after")
        #expect(throws: SystemError(ECONNREFUSED, "connect 127.0.0.1:8081")) { try TestSocket.connected(8081) }
        let new = try TestSocket.connected(8082)
        try new.send("new")
        #expect(try new.receiveText() == "new")
      }
    }

    @Test func aPortThatIsTakenChangesNothing() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        try stage.relay.hold(server.plan(at: 8080))
        let client = try TestSocket.connected(8080)
        try client.send("hello")
        #expect(try client.receiveText() == "hello")
        let other = try TestSocket(from: ("127.0.0.1", 8099))
        listen(other.number, 1)
        let before = try openDescriptors()
        #expect(throws: HullError.self) { try stage.relay.hold(server.plan(at: 8081), server.plan(at: 8099), server.plan(at: 8082)) }
        #expect(try openDescriptors() == before)
        try client.send("still here")
        #expect(try client.receiveText() == "still here")
        for port: UInt16 in [8081, 8082] {
          #expect(throws: SystemError(ECONNREFUSED, "connect 127.0.0.1:\(port)")) { try TestSocket.connected(port) }
        }
      }
    }

    @Test func anotherTargetDoesNotLetGoOfThePort() throws {
      try onStage { stage in
        let first = stage.add(try .echo())
        let second = try stage.workload(port: 9001) { client in try client.send("second") }
        try stage.relay.hold(first.plan(at: 8080))
        let old = try TestSocket.connected(8080)
        try old.send("first")
        #expect(try old.receiveText() == "first")
        try stage.relay.hold(second.plan(at: 8080))
        #expect(try old.receive().isEmpty)
        #expect(try TestSocket.connected(8080).receiveText() == "second")
      }
    }

    @Test func aTakenPortIsReportedInDockersWordsWithItsHolder() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        let holder = try TestSocket(from: ("127.0.0.1", 8080))
        listen(holder.number, 1)
        let datagrams = try TestSocket(SOCK_DGRAM, .v6, from: ("::", 8081))
        let name = try Files.readText("/proc/self/comm")
        for (transport, host, port, conflict): (PortPlan.Transport, String, UInt16, String) in [
          (.tcp, "0.0.0.0", 8080, "0.0.0.0:8080:127.0.0.1:9000/tcp"), (.tcp, "127.0.0.1", 8080, "127.0.0.1:8080:127.0.0.1:9000/tcp"),
          (.udp, "127.0.0.1", 8081, "127.0.0.1:8081:127.0.0.1:9000/udp"), (.udp, "::1", 8081, "[::1]:8081:127.0.0.1:9000/udp"),
        ] {
          let error = #expect(throws: HullError.self) { try stage.relay.hold(server.plan(transport, at: port, on: host)) }
          #expect(error?.code == .internalError)
          #expect(error?.message == "failed to bind host port for \(conflict): address already in use (held by \(name), pid \(getpid()))")
        }
        withExtendedLifetime(datagrams) {}
      }
    }

    @Test func aPortOfAnotherShimIsReportedWithItsContainer() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        var socket: TestSocket? = try TestSocket(from: ("127.0.0.1", 8080))
        listen(socket!.number, 1)
        // A process that is called like a shim, and that is the only one to have the socket.
        let pid = try Subprocess.start(
          "/bin/sh", ["/usr/bin/hull-shim", "-c", "kill -STOP $$", "--id", "0123456789abcdef0123", "--run-dir", "/run/x"],
          environment: [], stdin: socket!.number)
        defer {
          kill(pid, SIGKILL)
          _ = try? Processes.reap(pid)
        }
        socket = nil
        let error = #expect(throws: HullError.self) { try stage.relay.hold(server.plan(at: 8080)) }
        #expect(error?.message.hasSuffix("address already in use (held by container 0123456789ab)") == true)
      }
    }

    @Test func onePortForTwoTargetsIsAConflict() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        var other = server.plan(at: 8080)
        other.port = 9001
        let error = #expect(throws: HullError.self) { try stage.relay.hold(server.plan(at: 8080), other) }
        #expect(error?.code == .internalError)
        #expect(error?.message.hasSuffix("address already in use (held by another port of this container)") == true)
        try stage.relay.hold(server.plan(at: 8080), server.plan(at: 8080))
      }
    }

    @Test func anAddressOfAnotherHostIsNamed() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        let error = #expect(throws: HullError.self) { try stage.relay.hold(server.plan(at: 8080, on: "192.0.2.7")) }
        #expect(
          error?.message
            == "failed to bind host port for 192.0.2.7:8080:127.0.0.1:9000/tcp: cannot assign requested address: this host does not have the address 192.0.2.7"
        )
      }
    }

    @Test(.disabled(if: kernelHasSCTP, "this kernel has SCTP")) func withoutSCTPTheErrorSaysSo() throws {
      try onStage { stage in
        let server = stage.add(try .echo())
        let error = #expect(throws: HullError.self) { try stage.relay.hold(server.plan(.sctp, at: 8080)) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.hasSuffix("/sctp: this kernel has no SCTP") == true)
      }
    }

    @Test func closingLeavesNothingOpen() throws {
      // Of what other tests leave to be closed later, fewer than there are rounds here.
      let before = try openDescriptors()
      for _ in 0..<20 {
        try onStage { stage in
          let server = stage.add(try .echo())
          try stage.relay.hold(server.plan(at: 8080), server.plan(.udp, at: 8080))
          let client = try TestSocket.connected(8080)
          try client.send("x")
          _ = try client.receive()
        }
      }
      try eventually("all descriptors are closed") { try openDescriptors() <= before }
    }

    private static let kernelHasSCTP: Bool = {
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 132)
      if socket >= 0 { close(socket) }
      return socket >= 0
    }()
  }
}
