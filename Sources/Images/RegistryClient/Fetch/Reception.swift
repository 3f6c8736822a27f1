// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOCore

/// Takes one answer's body and writes what is wanted of it, in blocks, on a thread.
struct Reception: Sendable {
  let fetch: BlobFetch
  let incoming: Incoming
  /// Ascending, within the blob.
  let wanted: [Range<Int64>]
  /// Nothing behind it is wanted.
  let end: Int64
  /// Moves behind what was written.
  let cursor: Cursor

  /// Returns when everything wanted was written. What has come is written also when the connection then fails or the task is cancelled.
  func run(_ guarded: StallGuard) async throws {
    var batch = Batch()
    var position = incoming.range.lowerBound
    do {
      for try await chunk in incoming.answer.body {
        guarded.beat()
        guard Int64(chunk.readableBytes) <= incoming.range.upperBound - position else {
          throw fetch.misbehaved(incoming.answer, "sends more than the \(incoming.range.count) bytes that it should")
        }
        take(chunk, at: position, into: &batch)
        position += Int64(chunk.readableBytes)
        if batch.count >= Reception.block { try await write(&batch) }
        if position >= end, end < incoming.range.upperBound { break }
      }
      try await write(&batch)
    } catch {
      try await write(&batch)
      throw incoming.answer.call.failure(error)
    }
    try Task.checkCancellation()
    guard position >= end else {
      throw PlaceFailure(
        .cut, "\(incoming.answer.call.described): the connection ended after \(position - incoming.range.lowerBound) of \(incoming.range.count) bytes"
      )
    }
  }

  /// Written at a time: large enough that going to a thread costs little, small enough for many connections.
  private static let block = 512 << 10

  /// Keeps the parts of a chunk that are wanted.
  private func take(_ chunk: ByteBuffer, at position: Int64, into batch: inout Batch) {
    let range = position..<(position + Int64(chunk.readableBytes))
    for part in wanted where part.overlaps(range) {
      let part = part.clamped(to: range)
      guard let slice = chunk.getSlice(at: chunk.readerIndex + Int(part.lowerBound - position), length: part.count) else { continue }
      batch.append(slice, at: part.lowerBound)
    }
  }

  private func write(_ batch: inout Batch) async throws {
    guard batch.count > 0 else { return }
    let full = batch
    batch = Batch()
    try await fetch.core.threads.run { [target = fetch.target] () throws(HullError) in try full.write(to: target) }
    cursor.move(to: full.end)
    fetch.progress(Int64(full.count))
  }
}

/// Bytes that wait to be written.
struct Batch: Sendable {
  private var pieces: [(offset: Int64, bytes: ByteBuffer)] = []
  /// The last piece is a copy that more can be added to.
  private var isOpen = false
  private(set) var count = 0
  /// Behind the last byte.
  private(set) var end: Int64 = 0

  mutating func append(_ bytes: ByteBuffer, at offset: Int64) {
    let isSmall = bytes.readableBytes < Batch.small
    if isSmall, isOpen, offset == end {
      var bytes = bytes
      pieces[pieces.count - 1].bytes.writeBuffer(&bytes)
    } else if isSmall {
      var copy = ByteBufferAllocator().buffer(capacity: Batch.small * 4)
      var bytes = bytes
      copy.writeBuffer(&bytes)
      pieces.append((offset, copy))
    } else {
      pieces.append((offset, bytes))
    }
    isOpen = isSmall
    count += bytes.readableBytes
    end = offset + Int64(bytes.readableBytes)
  }

  func write(to target: any PartialBlob) throws(HullError) {
    for piece in pieces {
      var failure: HullError?
      piece.bytes.withUnsafeReadableBytes { bytes in
        do throws(HullError) { try target.write(bytes, at: piece.offset) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  /// Less than this is copied together: a small piece must not keep a whole network buffer.
  private static let small = 32 << 10
}
