// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// The reader of standard output has gone. The command ends as if SIGPIPE had ended it, when what it holds is put right.
struct BrokenPipe: Error {}

/// Standard output, buffered, and standard error, not. Used from the one thread there is.
final class Output {
  /// The client has a single thread; nothing of it ever runs elsewhere.
  nonisolated(unsafe) static var shared = Output()

  private let output: Int32
  private let errors: Int32
  private var buffer: [UInt8] = []

  /// The descriptors that are written to; they stay the caller's.
  init(output: Int32 = 1, errors: Int32 = 2) {
    self.output = output
    self.errors = errors
  }

  func write(_ text: String) { write(text.utf8) }

  func write(_ bytes: some Sequence<UInt8>) {
    buffer += bytes
    if buffer.count > 32768 { flush() }
  }

  func line(_ text: String) { write(text + "\n") }

  func flush() {
    guard !buffer.isEmpty else { return }
    Self.writeAll(output, buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// A line on standard error, behind what was written to standard output before.
  func error(_ text: String) {
    flush()
    Self.writeAll(errors, Array(text.utf8) + [0x0A])
  }

  /// Writes everything or throws: `BrokenPipe` when nobody reads any more.
  static func deliver(_ descriptor: Int32, _ bytes: [UInt8]) throws {
    guard writeAll(descriptor, bytes) else {
      if errno == EPIPE { throw BrokenPipe() }
      throw HullError(.unavailable, "write to standard \(descriptor == 2 ? "error" : "output"): \(errorText())")
    }
  }

  /// Writes everything; `false` when the reader has gone or the disk is full.
  @discardableResult
  static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { raw in raw.baseAddress.map { Glibc.write(descriptor, $0 + written, raw.count - written) } ?? 0 }
      if count > 0 {
        written += count
      } else if errno == EAGAIN {
        var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&poller, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
