// SPDX-License-Identifier: Apache-2.0
import DNS
import Glibc
import ShimLoop

/// A client's TCP connection: queries with their length in two bytes before them (RFC 1035, section 4.2.2). Nothing beyond one query is read before
/// the client has taken the answer to it: so a connection never holds more than one of each, and all connections take turns.
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

  /// Sends an answer; then the next query is read.
  func answer(_ message: [UInt8]) {
    guard isOpen else { return }
    isWaiting = false
    let length: [UInt8] = [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)]
    length.withUnsafeBytes { output.append($0) }
    message.withUnsafeBytes { output.append($0) }
    flush()
    settle()
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
    settle()
  }

  /// Who announces more than a query is turned away.
  private func receive() {
    repeat {
      switch IO.read(descriptor, into: loop.scratch.base, count: missing) {
      case .moved(let count): input += UnsafeRawBufferPointer(start: loop.scratch.base, count: count)
      case .wouldBlock: return
      case .ended:
        isEnded = true
        return
      }
      if announced > DNSLimit.query { return close() }
    } while missing > 0
    handle()
  }

  /// The length of the query, 0 before it is known.
  private var announced: Int { input.count < 2 ? 0 : Int(input[0]) << 8 | Int(input[1]) }

  /// How many bytes are still to come: of the length first.
  private var missing: Int { 2 + announced - input.count }

  private func handle() {
    let message = Array(input.dropFirst(2))
    input.removeAll(keepingCapacity: true)
    isWaiting = true
    server?.used(self)
    message.withUnsafeBytes { server?.handle($0, from: .stream(self)) }
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
