// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Builder
import Errors

/// The bytes of an output on their way to the client, at its pace. Blocking; for one thread at a time.
final class FrameSink: ByteSink, BuildSink {
  private static let piece = 128 << 10
  private let line: FrameLine
  private let stream: UInt32
  private var pending: [UInt8] = []

  init(line: FrameLine, stream: UInt32) {
    self.line = line
    self.stream = stream
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    pending += bytes
    guard pending.count >= Self.piece else { return }
    var rest = pending[...]
    while rest.count >= Self.piece {
      try line.sendWaiting(Frame(.data, stream: stream, Array(rest.prefix(Self.piece))))
      rest = rest.dropFirst(Self.piece)
    }
    pending = Array(rest)
  }

  /// Everything was written.
  func finish() throws(HullError) {
    if !pending.isEmpty { try line.sendWaiting(Frame(.data, stream: stream, pending)) }
    pending = []
    try line.sendWaiting(Frame(.end, stream: stream))
  }
}
