// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop

/// One connection through a published port: a socket to the client and one to the workload.
///
/// A relay buffers nothing. Bytes are looked at where they lie in the kernel, sent on, and only what was taken is then removed:
/// a peer that does not read holds up its other side by the kernel's own flow control and costs the shim no memory.
final class Relay {
  let client: RelayEnd
  let workload: RelayEnd
  /// Its place in the port's list.
  var index = 0
  private let loop: EventLoop
  private unowned let port: StreamPort

  /// Takes over both sockets. That of the workload may still be connecting.
  init(client: Int32, workload: Int32, loop: EventLoop, port: StreamPort) {
    self.client = RelayEnd(client, loop: loop)
    self.workload = RelayEnd(workload, loop: loop)
    self.loop = loop
    self.port = port
    self.client.join(self, peer: self.workload)
    self.workload.join(self, peer: self.client)
  }

  var isOpen: Bool { client.descriptor >= 0 }

  /// Ends both connections; with a `reset` when one of them has failed.
  func close(reset: Bool) {
    guard isOpen else { return }
    client.close(reset: reset)
    workload.close(reset: reset)
    port.ended(self)
  }
}

/// One of the two sockets of a relay.
final class RelayEnd: ReadinessHandler {
  /// How often one connection may read before others have their turn.
  private static let turns = 8
  private static let smallPortion = 16 * 1024

  private(set) var descriptor: Int32
  private let loop: EventLoop
  private unowned var relay: Relay!
  private unowned var peer: RelayEnd!
  private var readable = false
  private var writable = false
  /// The other side sends no more, or the connection has failed: behind the last bytes there is that to be read.
  private var ending = false
  /// The end has been read, and the peer knows.
  private var ended = false
  /// How much is looked at at once: not much more than the peer has taken before.
  private var portion = RelayEnd.smallPortion

  init(_ descriptor: Int32, loop: EventLoop) {
    self.descriptor = descriptor
    self.loop = loop
  }

  func join(_ relay: Relay, peer: RelayEnd) {
    self.relay = relay
    self.peer = peer
    loop.watch(descriptor, [.readable, .writable, .readClosed, .changes], self)
  }

  func ready(_ events: Readiness) {
    if events.contains(.writable) { writable = true }
    if !events.isDisjoint(with: [.readClosed, .hungUp, .failed]) { ending = true }
    if ending || events.contains(.readable) { readable = true }
    pump()
    if descriptor >= 0, events.contains(.failed) { relay.close(reset: true) }
    if descriptor >= 0, writable { peer.pump() }
  }

  func close(reset: Bool) {
    loop.remove(descriptor)
    if reset { SocketOptions.reset(descriptor) } else { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Sends on to the peer what has come in.
  private func pump() {
    guard readable, !ended, peer.writable else { return }
    for _ in 0..<RelayEnd.turns {
      let seen = recv(descriptor, loop.scratch.base, portion, Int32(MSG_PEEK | MSG_DONTWAIT))
      guard seen > 0 else { return nothingSeen(seen) }
      guard let taken = peer.take(seen) else { return }
      recv(descriptor, nil, taken, Int32(MSG_TRUNC | MSG_DONTWAIT))
      if taken < seen { return look(at: taken * 2) }
      if seen < portion, !ending {
        readable = false
        return
      }
      look(at: portion * 2)
    }
    loop.reportAgain(descriptor)
  }

  private func look(at bytes: Int) { portion = min(max(bytes, RelayEnd.smallPortion), EventLoop.scratchSize) }

  /// Sends what lies in the loop's memory: how much the socket took; `nil` when that is nothing now or ever.
  private func take(_ count: Int) -> Int? {
    let sent = send(descriptor, loop.scratch.base, count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    if sent < count { writable = false }
    if sent >= 0 { return sent }
    if errno != EAGAIN { relay.close(reset: true) }
    return nil
  }

  private func nothingSeen(_ result: Int) {
    if result == 0 {
      ended = true
      shutdown(peer.descriptor, Int32(SHUT_WR))
      if peer.ended { relay.close(reset: false) }
    } else if errno == EAGAIN {
      readable = false
    } else {
      relay.close(reset: true)
    }
  }
}
