// SPDX-License-Identifier: Apache-2.0
import DNS
import Glibc
import ShimLoop

/// A client's TCP connection: queries with their length in two bytes before them (RFC 1035, section 4.2.2). One is answered after the other, and
/// the next is not read before the client has taken the answer: so a connection never holds more than one of each.
final class StreamClient: ReadinessHandler {
  private let descriptor: Int32
  private weak let server: NameServer?
  private let loop: EventLoop
  private let patience: Int64
  private var input: [UInt8] = []
  private var output = ByteQueue()
  private var isOpen = true
  /// The other side sends no more.
  private var isEnded = false
  /// A query is being answered.
  private var isWaiting = false
  private var isHandling = false
  private var timer: UInt64 = 0

  /// Takes over an accepted, non-blocking socket.
  init(_ descriptor: Int32, server: NameServer, loop: EventLoop, patience: Int64) {
    self.descriptor = descriptor
    self.server = server
    self.loop = loop
    self.patience = patience
    loop.watch(descriptor, .readable, self)
    startTimer()
  }

  /// Sends an answer; then the next query has its turn.
  func answer(_ message: [UInt8]) {
    guard isOpen else { return }
    isWaiting = false
    let length: [UInt8] = [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)]
    length.withUnsafeBytes { output.append($0) }
    message.withUnsafeBytes { output.append($0) }
    flush()
    handleQueries()
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    loop.cancel(timer)
    loop.remove(descriptor)
    IO.closeConnection(descriptor)
    server?.gone(self)
  }

  func ready(_ events: Readiness) {
    if !events.isDisjoint(with: [.hungUp, .failed]) { return close() }
    if events.contains(.writable) { flush() }
    if isOpen, events.contains(.readable) { receive() }
    handleQueries()
  }

  private func receive() {
    let room = 2 + DNSLimit.query - input.count
    guard !isEnded, room > 0 else { return }
    switch IO.read(descriptor, into: loop.scratch.base, count: room) {
    case .moved(let count): input += UnsafeRawBufferPointer(start: loop.scratch.base, count: count)
    case .wouldBlock: return
    case .ended: isEnded = true
    }
  }

  private func handleQueries() {
    guard isOpen, !isHandling else { return }
    isHandling = true
    while isOpen, !isWaiting, output.isEmpty, let message = nextMessage() {
      isWaiting = true
      server?.used(self)
      message.withUnsafeBytes { server?.handle($0, from: .stream(self)) }
    }
    isHandling = false
    settle()
  }

  private func nextMessage() -> [UInt8]? {
    guard input.count >= 2 else { return nil }
    let length = Int(input[0]) << 8 | Int(input[1])
    guard length <= DNSLimit.query else {
      close()
      return nil
    }
    guard input.count >= 2 + length else { return nil }
    defer { input.removeFirst(2 + length) }
    return Array(input[2..<(2 + length)])
  }

  private func flush() {
    while isOpen, !output.isEmpty {
      switch IO.send(descriptor, output.front) {
      case .moved(let count): output.removeFirst(count)
      case .wouldBlock: return
      case .ended: close()
      }
    }
    output.clear()
  }

  /// What is waited for next.
  private func settle() {
    guard isOpen else { return }
    if isEnded, !isWaiting, output.isEmpty { return close() }
    var interest: Readiness = []
    if !output.isEmpty { interest.insert(.writable) } else if !isWaiting { interest.insert(.readable) }
    loop.watch(descriptor, interest, self)
    startTimer()
  }

  /// An upstream server has its own time.
  private func startTimer() {
    loop.cancel(timer)
    guard !isWaiting else { return }
    timer = loop.after(milliseconds: patience) { [weak self] in self?.close() }
  }
}
