// SPDX-License-Identifier: Apache-2.0
import Addressing
import DNS
import Glibc
import LinuxSystem
import ShimLoop

/// One question on its way through the upstream servers. Each is asked from a socket of its own, connected to it, so that the kernel picks a port at
/// random and lets pass only what comes from there, and under a number picked at random (RFC 5452, section 9.2).
final class Lookup: ReadinessHandler {
  let query: DNSQuery
  let client: Client
  private let upstreams: [IPAddress]
  private let limits: NameServerLimits
  private unowned let forwarder: Forwarder
  private let loop: EventLoop
  private var message: [UInt8]
  private var id: UInt16 = 0
  private var next = 0
  private var socket: Int32 = -1
  private var timer: UInt64 = 0
  /// Over TCP: what has come of the answer.
  private var stream: UpstreamStream?
  /// What came over UDP, incomplete, and is being fetched again.
  private var truncated: [UInt8]?

  var isRepeating: Bool { truncated != nil }

  init(
    _ query: DNSQuery, _ message: UnsafeRawBufferPointer, _ upstreams: [IPAddress], _ client: Client, limits: NameServerLimits, forwarder: Forwarder,
    loop: EventLoop
  ) {
    self.query = query
    self.client = client
    self.upstreams = upstreams
    self.limits = limits
    self.forwarder = forwarder
    self.loop = loop
    self.message = Array(message)
  }

  /// Asks the next server that can be reached; the last has been asked: the lookup has failed.
  func askNext() {
    while next < upstreams.count {
      next += 1
      if ask(overTCP: client.stream != nil) { return }
    }
    forwarder.finish(self, nil)
  }

  /// No answer is waited for any more.
  func close() {
    guard socket >= 0 else { return }
    loop.cancel(timer)
    loop.remove(socket)
    IO.close(socket)
    socket = -1
    stream = nil
  }

  func ready(_ events: Readiness) {
    if stream != nil { receiveStream(events) } else { receiveDatagrams() }
  }

  private func ask(overTCP: Bool) -> Bool {
    close()
    let upstream = upstreams[next - 1]
    let type = Int32((overTCP ? SOCK_STREAM : SOCK_DGRAM).rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Glibc.socket(Int32(upstream.family.number), type, 0)
    guard socket >= 0 else { return false }
    renumber()
    guard PeerAddress(upstream, port: limits.upstreamPort).connect(socket), overTCP || send(socket) else {
      IO.close(socket)
      return false
    }
    stream = overTCP ? UpstreamStream(message) : nil
    self.socket = socket
    loop.watch(socket, overTCP ? .writable : .readable, self)
    timer = loop.after(milliseconds: limits.upstreamPatience) { [weak self] in self?.giveUp(socket) }
    return true
  }

  private func renumber() {
    id = UInt16.random(in: 0 ... .max)
    message[0] = UInt8(id >> 8)
    message[1] = UInt8(truncatingIfNeeded: id)
  }

  private func send(_ socket: Int32) -> Bool {
    guard case .moved = message.withUnsafeBytes({ IO.send(socket, $0) }) else { return false }
    return true
  }

  private func giveUp(_ asked: Int32) {
    guard asked == socket else { return }
    serverFailed()
  }

  /// An incomplete answer is better than none.
  private func serverFailed() {
    if truncated != nil { forwarder.finish(self, truncated) } else { askNext() }
  }

  private func receiveDatagrams() {
    for _ in 0..<16 where socket >= 0 {
      switch IO.read(socket, into: loop.scratch.base, count: EventLoop.scratchSize) {
      case .moved(let count): take(UnsafeRawBufferPointer(start: loop.scratch.base, count: count))
      case .wouldBlock: return
      case .ended: return serverFailed()
      }
    }
  }

  private func receiveStream(_ events: Readiness) {
    switch stream?.advance(socket, loop.scratch) {
    case .wantsMore(let interest): loop.watch(socket, interest, self)
    case .complete(let answer): answer.withUnsafeBytes { take($0) }
    case .failed, nil: serverFailed()
    }
  }

  private func take(_ answer: UnsafeRawBufferPointer) {
    switch UpstreamAnswer(answer, to: query, id: id) {
    case .unrelated: if stream != nil { serverFailed() }
    case .failed: serverFailed()
    case .truncated where stream == nil && forwarder.mayRepeat: fetchAgain(answer)
    case .truncated, .usable: forwarder.finish(self, forClient(answer))
    }
  }

  private func fetchAgain(_ answer: UnsafeRawBufferPointer) {
    truncated = forClient(answer)
    if !ask(overTCP: true) { forwarder.finish(self, truncated) }
  }

  private func forClient(_ answer: UnsafeRawBufferPointer) -> [UInt8] {
    UpstreamAnswer.message(answer, id: query.id, to: query, limit: client.limit(query))
  }
}
