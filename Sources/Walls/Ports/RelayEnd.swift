// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem
import ShimLoop

/// One of the two sockets of a relay, and the way of what it receives to the other.
///
/// Nothing is kept in the shim's memory. Little data is looked at where it lies in the kernel, sent on, and only what was taken is
/// then removed; much data goes through a pipe without being copied. A peer that does not read holds up its other side by the
/// kernel's flow control.
final class RelayEnd: ReadinessHandler {
  /// How often one connection may move data before others have their turn.
  private static let turns = 8
  /// More than this at once is much.
  private static let glance = 16 * 1024
  private static let mouthful = 256 * 1024
  private static let interest: Readiness = [.readable, .writable, .readClosed, .changes]
  private static let readableMask = Readiness.readable.rawValue
  private static let writableMask = Readiness.writable.rawValue
  private static let failedMask = Readiness.failed.rawValue
  private static let endingMask = Readiness.readClosed.rawValue | Readiness.hungUp.rawValue | Readiness.failed.rawValue

  private let descriptor: Int32
  private(set) var isOpen = true
  private let loop: EventLoop
  private let pipes: PipePool
  private unowned var relay: Relay!
  private unowned var peer: RelayEnd!
  private var readable = false
  private var writable = false
  /// The other side sends no more, or the connection has failed: behind the last bytes there is that to be read.
  private var ending = false
  /// The end has been read, and the peer knows.
  private var ended = false
  /// There was much at once.
  private var busy = false
  private var pipe: DescriptorPair?
  private var piped = 0

  init(_ descriptor: Int32, loop: EventLoop, pipes: PipePool) {
    self.descriptor = descriptor
    self.loop = loop
    self.pipes = pipes
  }

  func join(_ relay: Relay, peer: RelayEnd) {
    self.relay = relay
    self.peer = peer
    loop.watch(descriptor, RelayEnd.interest, self)
  }

  func ready(_ events: Readiness) {
    let bits = events.rawValue
    if bits & RelayEnd.writableMask != 0 { writable = true }
    if bits & RelayEnd.endingMask != 0 { ending = true }
    if ending || bits & RelayEnd.readableMask != 0 { readable = true }
    pump()
    if isOpen, bits & RelayEnd.failedMask != 0 { relay.close(reset: true) }
    if isOpen, writable { peer.pump() }
  }

  func close(reset: Bool) {
    isOpen = false
    if let pipe { PipePool.close(pipe) }
    pipe = nil
    loop.remove(descriptor)
    if reset { SocketOptions.reset(descriptor) } else { Glibc.close(descriptor) }
  }

  // MARK: To the peer

  /// Sends on to the peer what has come in, until one of the two sockets has to report first.
  private func pump() {
    guard readable || piped > 0, !ended, peer.writable else { return }
    defer { givePipeBack() }
    for _ in 0..<RelayEnd.turns {
      guard busy || piped > 0 ? splice() : copy() else { return }
    }
    loop.reportAgain(descriptor)
  }

  /// `false`: that is all for now.
  private func copy() -> Bool {
    let seen = recv(descriptor, loop.scratch.base, RelayEnd.glance, Int32(MSG_PEEK | MSG_DONTWAIT))
    guard seen > 0 else { return cannotRead(seen) }
    let sent = send(peer.descriptor, loop.scratch.base, seen, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    guard sent > 0 else { return cannotWrite() }
    recv(descriptor, nil, sent, Int32(MSG_TRUNC | MSG_DONTWAIT))
    busy = seen == RelayEnd.glance
    if sent < seen { peer.writable = false }
    if !busy, !ending { readable = sent < seen }
    return readable && peer.writable
  }

  /// `false`: that is all for now.
  private func splice() -> Bool {
    pipe = pipe ?? pipes.take()
    guard let pipe else {
      busy = false
      return copy()
    }
    if piped == 0 {
      let seen = hull_splice(descriptor, pipe.second, RelayEnd.mouthful)
      guard seen > 0 else { return cannotRead(seen) }
      piped = seen
      busy = seen >= RelayEnd.glance
    }
    let sent = hull_splice(pipe.first, peer.descriptor, piped)
    guard sent > 0 else { return cannotWrite() }
    piped -= sent
    return true
  }

  private func cannotRead(_ result: Int) -> Bool {
    if result == 0 {
      ended = true
      if peer.ended { relay.close(reset: false) } else { shutdown(peer.descriptor, Int32(SHUT_WR)) }
    } else if errno == EAGAIN {
      readable = false
    } else {
      relay.close(reset: true)
    }
    return false
  }

  private func cannotWrite() -> Bool {
    if errno == EAGAIN { peer.writable = false } else { relay.close(reset: true) }
    return false
  }

  private func givePipeBack() {
    guard let pipe, piped == 0 else { return }
    pipes.give(pipe)
    self.pipe = nil
  }
}
