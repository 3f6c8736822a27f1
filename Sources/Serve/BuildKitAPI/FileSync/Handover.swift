// SPDX-License-Identifier: Apache-2.0
import Builder
import Dispatch
import Errors
import Synchronization

/// Bytes from code that blocks to a task that sends them: a few pieces may wait, then the writer does.
///
/// `@unchecked Sendable`: a semaphore and a stream, both made for several threads.
final class Handover: BuildSink, @unchecked Sendable {
  private static let depth = 4
  private static let largestPiece = 1 << 20

  let pieces: AsyncStream<[UInt8]>
  private let continuation: AsyncStream<[UInt8]>.Continuation
  /// Counted up from 0: a semaphore may not end below the value that it began with.
  private let room = DispatchSemaphore(value: 0)
  private let broken = Atomic(false)

  init() {
    (pieces, continuation) = AsyncStream.makeStream()
    for _ in 0..<Self.depth { room.signal() }
  }

  /// Blocks until there is room. Throws when nobody takes the bytes any more.
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      room.wait()
      guard !broken.load(ordering: .acquiring) else {
        room.signal()
        throw HullError(.unavailable, "the client no longer takes the build's output")
      }
      continuation.yield(Array(rest.prefix(Self.largestPiece)))
      rest = rest.dropFirst(Self.largestPiece)
    }
  }

  /// The writer has written all.
  func end() { continuation.finish() }

  /// The reader has done with a piece.
  func taken() { room.signal() }

  /// The reader takes no more: a writer that waits goes on, and fails.
  func abandon() {
    broken.store(true, ordering: .releasing)
    room.signal()
  }
}
