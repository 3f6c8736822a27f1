// SPDX-License-Identifier: Apache-2.0
import Addressing
import Foundation
import Glibc
import LinuxSystem
import ShimProtocol

@testable import Ports

/// A server as a workload has one: each connection, or each datagram, is handled in a thread of its own.
final class Workload: @unchecked Sendable {
  let port: UInt16
  private let host: String
  private let socket: TestSocket
  private let threads = DispatchGroup()

  /// TCP.
  init(_ host: String = "127.0.0.1", port: UInt16 = 9000, _ serve: @escaping @Sendable (TestSocket) throws -> Void) throws {
    self.host = host
    self.port = port
    socket = try TestSocket(SOCK_STREAM, IPAddress(host)!.family)
    SocketOptions.set(socket.number, SOL_SOCKET, SO_REUSEADDR)
    try socket.bind(host, port)
    try checked("listen") { [socket] in listen(socket.number, 1024) }
    spawn { [socket, threads] in
      while true {
        let connection = accept(socket.number, nil, nil)
        if connection < 0 {
          if errno == EAGAIN { continue }
          return
        }
        let client = TestSocket(connection)
        Workload.spawn(in: threads) { try? serve(client) }
      }
    }
  }

  /// UDP: what `answer` gives goes back, `nil`: nothing.
  init(datagramsAt host: String, port: UInt16 = 9000, _ answer: @escaping @Sendable (_ text: String, _ from: String) -> String?) throws {
    self.host = host
    self.port = port
    socket = try TestSocket(SOCK_DGRAM, IPAddress(host)!.family, from: (host, port))
    spawn { [socket] in
      while true {
        guard let (text, from) = try? socket.receiveFrom(), text != "" else { return }
        let end = from.lastIndex(of: ":")!
        if let reply = answer(text, from) { try? socket.send(reply, to: String(from[..<end]), UInt16(from[from.index(after: end)...])!) }
      }
    }
  }

  static func echo(_ host: String = "127.0.0.1", port: UInt16 = 9000) throws -> Workload {
    try Workload(host, port: port) { client in
      while true {
        let bytes = try client.receive()
        if bytes.isEmpty { return }
        try client.send(bytes)
      }
    }
  }

  /// Stops and waits for the threads.
  func end() {
    shutdown(socket.number, Int32(SHUT_RDWR))
    // A UDP socket's reader is woken by an empty datagram.
    _ = SocketAddress(IPAddress(host)!, port).send([], from: socket.number)
    threads.wait()
  }

  func plan(_ transport: PortPlan.Transport = .tcp, at hostPort: UInt16, on hostAddress: String = "127.0.0.1") -> PortPlan {
    PortPlan(transport, host: (IPAddress(hostAddress)!, hostPort), target: (IPAddress(host)!, port))
  }

  private func spawn(_ body: @escaping @Sendable () -> Void) { Workload.spawn(in: threads, body) }

  private static func spawn(in threads: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
    threads.enter()
    Thread.detachNewThread {
      body()
      threads.leave()
    }
  }
}
