// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimLoop

/// The way into a process: the writing end of its standard input, or its terminal.
final class InputSink: ReadinessHandler {
  private let loop: EventLoop
  private var descriptor: Int32
  private var pending = ByteQueue()
  private var closing = false
  /// Called when more input is wanted again, or never again.
  private let changed: () -> Void

  /// Takes over `descriptor`, which is non-blocking.
  init(_ descriptor: Int32, loop: EventLoop, changed: @escaping () -> Void) {
    self.descriptor = descriptor
    self.loop = loop
    self.changed = changed
  }

  /// Whether the process takes input: not while it has still to read what came before, never again when it has closed its end.
  var accepts: Bool { descriptor >= 0 && !closing && pending.isEmpty }

  var isOpen: Bool { descriptor >= 0 }

  /// Writes; what the process does not take yet is kept.
  func write(_ bytes: UnsafeRawBufferPointer) {
    guard descriptor >= 0, !closing, bytes.count > 0 else { return }
    var rest = bytes
    if pending.isEmpty, case .moved(let count) = IO.write(descriptor, rest) {
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    pending.append(rest)
    flush()
  }

  /// End of input, after what has been written.
  func closeWhenWritten() {
    closing = true
    flush()
  }

  /// End of input at once.
  func close() {
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    IO.close(descriptor)
    descriptor = -1
    pending.clear()
  }

  func ready(_ events: Readiness) {
    flush()
    if accepts || !isOpen { changed() }
  }

  private func flush() {
    while descriptor >= 0, !pending.isEmpty {
      switch IO.write(descriptor, pending.front) {
      case .moved(let count): pending.removeFirst(count)
      case .wouldBlock:
        loop.watch(descriptor, .writable, self)
        return
      case .ended: close()
      }
    }
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    if closing { close() }
  }
}
