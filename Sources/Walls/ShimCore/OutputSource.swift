// SPDX-License-Identifier: Apache-2.0
import CLinux
import ShimLoop

/// The way out of a process: the reading end of its standard output or error, or its terminal.
final class OutputSource: ReadinessHandler {
  /// Room for a frame's header before what is read, so that both go out in one piece.
  static let headroom = 8
  /// The most that is read at once.
  private static let readSize = 128 * 1024
  /// More than a terminal ever holds.
  private static let terminalCapacity = 256 * 1024

  let stream: StandardStream
  private let loop: EventLoop
  private var descriptor: Int32
  private var paused = false
  private unowned let process: ManagedProcess

  /// Takes over `descriptor`, which is non-blocking, and starts to read.
  init(_ descriptor: Int32, _ stream: StandardStream, of process: ManagedProcess, loop: EventLoop) {
    self.descriptor = descriptor
    self.stream = stream
    self.process = process
    self.loop = loop
    loop.watch(descriptor, .readable, self)
  }

  var isOpen: Bool { descriptor >= 0 }

  /// While paused the process's writes wait. The descriptor leaves the loop: a hang-up would be reported for ever.
  func setPaused(_ pause: Bool) {
    guard isOpen, pause != paused else { return }
    paused = pause
    if pause { loop.remove(descriptor) } else { loop.watch(descriptor, .readable, self) }
  }

  func ready(_ events: Readiness) {
    readOnce()
    if !isOpen { process.outputEnded(stream) }
  }

  /// Reads what is there now, at most what the pipe can hold, whether or not clients keep up.
  func collect() {
    guard isOpen else { return }
    let capacity = hull_pipe_capacity(descriptor)
    // One more than there can be, to see the end behind it.
    var rest = capacity > 0 ? Int(capacity) + 1 : OutputSource.terminalCapacity
    while isOpen, rest > 0 {
      let count = readOnce()
      if count == 0 { break }
      rest -= count
    }
  }

  func close() {
    guard isOpen else { return }
    loop.remove(descriptor)
    IO.close(descriptor)
    descriptor = -1
  }

  @discardableResult
  private func readOnce() -> Int {
    let payload = loop.scratch.base + OutputSource.headroom
    switch IO.read(descriptor, into: payload, count: OutputSource.readSize) {
    case .moved(let count):
      process.deliver(UnsafeMutableRawBufferPointer(start: payload, count: count), stream)
      return count
    case .wouldBlock: return 0
    case .ended:
      close()
      return 0
    }
  }
}
