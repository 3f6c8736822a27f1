// SPDX-License-Identifier: Apache-2.0
import Errors

/// One block of 512 bytes, copied out of the stream.
struct TarBlock {
  private(set) var bytes: [UInt8]

  func withBytes<Result, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
    var result: Swift.Result<Result, Failure>?
    bytes.withUnsafeBytes { buffer in
      do throws(Failure) { result = .success(try body(buffer)) } catch { result = .failure(error) }
    }
    guard let result else { preconditionFailure("the body was not called") }
    return try result.get()
  }
}

/// Cuts a stream of chunks into blocks and pieces without copying file data.
struct TarInput {
  private let source: any ChunkSource
  private var chunk = UnsafeRawBufferPointer(start: nil, count: 0)
  private var ended = false

  init(_ source: any ChunkSource) { self.source = source }

  /// The next block; `nil` when the stream ends before it. Throws when it ends within it.
  mutating func block(after last: String) throws(HullError) -> TarBlock? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(TarHeader.size)
    while bytes.count < TarHeader.size {
      guard let piece = try piece(upTo: Int64(TarHeader.size - bytes.count)) else { break }
      bytes.append(contentsOf: piece)
    }
    if bytes.isEmpty { return nil }
    guard bytes.count == TarHeader.size else {
      throw HullError(.invalidArgument, last.isEmpty ? "archive: not a tar archive" : "archive: truncated after \(last)")
    }
    return TarBlock(bytes: bytes)
  }

  /// Some bytes, at least one and at most `limit`; `nil` at the end.
  mutating func piece(upTo limit: Int64) throws(HullError) -> UnsafeRawBufferPointer? {
    guard try fill() else { return nil }
    let count = Int(min(limit, Int64(chunk.count)))
    let piece = UnsafeRawBufferPointer(rebasing: chunk[..<count])
    chunk = UnsafeRawBufferPointer(rebasing: chunk[count...])
    return piece
  }

  /// `false` when the stream ends before.
  mutating func skip(_ count: Int64) throws(HullError) -> Bool {
    var left = count
    while left > 0 {
      guard let piece = try piece(upTo: left) else { return false }
      left -= Int64(piece.count)
    }
    return true
  }

  private mutating func fill() throws(HullError) -> Bool {
    guard chunk.isEmpty else { return true }
    guard !ended, let next = try source.next() else {
      ended = true
      return false
    }
    chunk = next
    return true
  }
}
