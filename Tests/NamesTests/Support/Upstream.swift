// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LinuxSystem
import Synchronization

/// A name server elsewhere: `127.0.0.2` and so on, all on one port, over UDP and TCP, each on a thread of its own.
final class Upstream: Sendable {
  struct Asked: Sendable {
    let message: [UInt8]
    let overTCP: Bool
    /// The port that it came from.
    let port: UInt16
  }

  let port: UInt16
  private let udp: Int32
  private let tcp: Int32
  private let behaviour: @Sendable (Asked) -> [[UInt8]]
  private let log = Mutex<[Asked]>([])
  private let threads = DispatchGroup()

  /// What was asked, in order.
  var asked: [Asked] { log.withLock { $0 } }

  /// `behaviour` gives the messages to answer a query with, in order: perhaps none.
  init(_ address: String = "127.0.0.2", port: UInt16? = nil, _ behaviour: @escaping @Sendable (Asked) -> [[UInt8]]) throws {
    self.behaviour = behaviour
    let datagrams = try Loopback.socket(SOCK_DGRAM, address: address, port: port ?? 0)
    udp = datagrams.descriptor
    self.port = datagrams.port
    tcp = try Loopback.socket(SOCK_STREAM, address: address, port: datagrams.port).descriptor
    DispatchQueue(label: "udp").async(group: threads) { [udp] in self.serveDatagrams(udp) }
    DispatchQueue(label: "tcp").async(group: threads) { [tcp] in self.serveStreams(tcp) }
  }

  func stop() {
    shutdown(udp, Int32(SHUT_RDWR))
    shutdown(tcp, Int32(SHUT_RDWR))
    threads.wait()
    close(udp)
    close(tcp)
  }

  private func serveDatagrams(_ socket: Int32) {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var peer = sockaddr_in()
    while true {
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let count = withPeer(&peer) { recvfrom(socket, &bytes, bytes.count, 0, $0, &length) }
      // Also a datagram of no bytes: what shutdown wakes us with.
      guard count > 0 else { return }
      for message in answers(Asked(message: Array(bytes.prefix(count)), overTCP: false, port: UInt16(bigEndian: peer.sin_port))) {
        _ = withPeer(&peer) { sendto(socket, message, message.count, 0, $0, length) }
      }
    }
  }

  private func serveStreams(_ listener: Int32) {
    while true {
      let socket = accept(listener, nil, nil)
      guard socket >= 0 else { return }
      serve(socket)
      close(socket)
    }
  }

  private func serve(_ socket: Int32) {
    var head: [UInt8] = [0, 0]
    while recv(socket, &head, 2, Int32(MSG_WAITALL)) == 2 {
      var message = [UInt8](repeating: 0, count: Int(number(head, 0)))
      guard recv(socket, &message, message.count, Int32(MSG_WAITALL)) == message.count else { return }
      for answer in answers(Asked(message: message, overTCP: true, port: 0)) {
        let bytes = big(UInt16(answer.count)) + answer
        _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      }
    }
  }

  private func answers(_ asked: Asked) -> [[UInt8]] {
    log.withLock { $0.append(asked) }
    return behaviour(asked)
  }

  private func withPeer<Result>(_ peer: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result) -> Result {
    withUnsafeMutablePointer(to: &peer) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
  }
}
