// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix
import OCISpec
import Synchronization

/// One line per request, `key=value`: collected in memory and written out by a thread four times a second, so that a request pays for a
/// few copied bytes. When the reader of the log is too slow, lines are dropped and counted, memory does not grow.
final class AccessLog: Sendable {
  private struct State {
    var lines: [UInt8] = []
    var dropped = 0
    var second = 0
    var time = ""
  }

  private static let limit = 1 << 20
  private let descriptor: Int32?
  private let state = Mutex(State())

  /// - Parameter descriptor: where lines go; nil: nowhere.
  init(descriptor: Int32?) { self.descriptor = descriptor }

  func append(peer: String, user: String, method: String, path: String, status: Int, bytes: Int64, nanoseconds: Int64) {
    guard descriptor != nil else { return }
    let now = Glibc.time(nil)
    state.withLock { state in
      guard state.lines.count < Self.limit else {
        state.dropped += 1
        return
      }
      if state.second != now {
        state.second = now
        state.time = RFC3339.text(nanoseconds: Int64(now) * 1_000_000_000)
      }
      state.lines.append(contentsOf: "time=\(state.time) peer=\(peer) user=\(Self.shown(user)) method=\(method) path=".utf8)
      state.lines.append(contentsOf: Self.shown(path).utf8)
      state.lines.append(contentsOf: " status=\(status) bytes=\(bytes) us=\(nanoseconds / 1000)\n".utf8)
    }
  }

  /// Writes out what has been collected. May wait for the reader.
  func flush() {
    guard let descriptor else { return }
    var lines = state.withLock { state in
      defer {
        state.lines = []
        state.dropped = 0
      }
      if state.dropped > 0 { state.lines.append(contentsOf: "dropped=\(state.dropped)\n".utf8) }
      return state.lines
    }[...]
    while !lines.isEmpty {
      let count = lines.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno != EINTR { return }
      lines = lines.dropFirst(max(count, 0))
    }
  }

  /// Quoted when there is anything but plain characters in it: a request cannot make lines of its own.
  private static func shown(_ text: String) -> String {
    let isPlain = text.utf8.count < 1024 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") }
    return isPlain && !text.isEmpty ? text : quoted(text)
  }
}
