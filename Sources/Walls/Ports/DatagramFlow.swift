// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import ShimLoop

/// Who sent a datagram, and to which address of this host.
struct FlowKey: Hashable {
  private let peer: UInt128
  private let local: UInt128
  private let port: UInt16
  private let scope: UInt32

  init(_ datagram: hull_datagram) {
    let words = datagram.peer.words
    let v4 = Int32(datagram.peer.family) == AF_INET
    // Behind an IPv4 address nothing is defined.
    peer = v4 ? UInt128(words.0) : withUnsafeBytes(of: (words.1, words.2, words.3, words.4)) { $0.loadUnaligned(as: UInt128.self) }
    scope = v4 ? 0 : words.5
    local = withUnsafeBytes(of: datagram.local) { $0.loadUnaligned(as: UInt128.self) }
    port = datagram.peer.port
  }
}

/// One UDP client: what it sends goes out of a socket of its own, and what comes back there is for it.
final class DatagramFlow: ReadinessHandler {
  let key: FlowKey
  /// In milliseconds, as the table counts.
  var lastUsed: Int64 = 0
  /// The table's list, from the most recently used on.
  unowned(unsafe) var newer: DatagramFlow?
  unowned(unsafe) var older: DatagramFlow?
  private let socket: Int32
  private var client: hull_datagram
  private unowned let port: DatagramPort

  /// Takes over `socket`, which is connected to the workload.
  init(_ socket: Int32, key: FlowKey, client: hull_datagram, port: DatagramPort) {
    self.socket = socket
    self.key = key
    self.client = client
    self.port = port
    port.loop.watch(socket, .readable, self)
  }

  func close() {
    port.loop.remove(socket)
    Glibc.close(socket)
  }

  /// What the kernel does not take is lost, as datagrams are. An error that an earlier one has met (nobody listens) is reported now
  /// and cleared by that.
  func send(_ memory: UnsafeRawPointer, _ datagrams: UnsafePointer<hull_datagram>, _ count: Int) {
    var sent = 0
    for _ in 0...count where sent < count {
      let result = hull_send_datagrams(
        socket, memory + sent * DatagramPort.slot, DatagramPort.slot, datagrams + sent, Int32(count - sent), nil)
      if result > 0 { sent += Int(result) } else if errno != ECONNREFUSED { sent += 1 }
    }
  }

  func ready(_ events: Readiness) {
    withUnsafeTemporaryAllocation(of: hull_datagram.self, capacity: DatagramPort.batch) { datagrams in
      guard let first = datagrams.baseAddress else { return }
      let memory = port.loop.scratch.base
      for _ in 0..<DatagramPort.turns {
        let count = hull_receive_datagrams(socket, memory, DatagramPort.slot, first, Int32(DatagramPort.batch))
        guard count > 0 else { return }
        answer(memory, first, Int(count))
        if count < DatagramPort.batch { return }
      }
    }
  }

  private func answer(_ memory: UnsafeRawPointer, _ datagrams: UnsafePointer<hull_datagram>, _ count: Int) {
    port.flows.touch(self)
    _ = hull_send_datagrams(port.socket, memory, DatagramPort.slot, datagrams, Int32(count), &client)
  }
}
