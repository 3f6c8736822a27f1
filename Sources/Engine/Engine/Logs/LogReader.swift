// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOCore
import Threads

/// Pulls framed chunks out of a container's log: first what is there, then, when following, what comes until the container has ended.
///
/// One task at a time calls `next`; each call reads at most about one chunk on the thread pool.
final class LogReader: @unchecked Sendable {
  // Unchecked: `file` and `atEnd` are touched only inside `read`, of which there is never more than one at a time because `next` awaits it.
  private let file: LogFile
  private let framer: LogFramer
  private let follow: LogFollow?
  private var positioned = false
  private var atEnd = false
  private var changes: AsyncStream<Void>.AsyncIterator?
  private static let chunk = 48 << 10

  /// `follow`: how to learn of new lines and of the end; `nil` reads what is there.
  init(path: String, options: LogOptions, terminal: Bool, follow: LogFollow?) {
    file = LogFile(path: path)
    framer = LogFramer(options: options, terminal: terminal)
    self.follow = follow
    changes = follow?.changes.makeAsyncIterator()
  }

  func next() async throws -> ByteBuffer? {
    while !atEnd {
      // Asked before reading: whatever was written before the end is then read.
      let ended = follow?.hasEnded() ?? true
      let buffer = try await Blocking.run { [self] in try read() }
      if buffer.readableBytes > 0 { return buffer }
      if ended || atEnd { return nil }
      guard await changes?.next() != nil else { return nil }
    }
    return nil
  }

  private func read() throws(HullError) -> ByteBuffer {
    if !positioned {
      positioned = true
      if let tail = framer.options.tail { try file.seekToLast(tail) } else { file.rewind() }
    }
    var buffer = ByteBuffer()
    while buffer.readableBytes < LogReader.chunk, let text = try file.nextLine() {
      guard let line = LogLine(text) else { continue }
      guard framer.append(line, to: &buffer) else {
        atEnd = true
        break
      }
    }
    return buffer
  }
}

/// How a reader that follows a log learns what happens to it.
struct LogFollow: Sendable {
  /// Something may have been written, or the container has ended.
  let changes: AsyncStream<Void>
  /// Whether nothing more will be written.
  let hasEnded: @Sendable () -> Bool
}
