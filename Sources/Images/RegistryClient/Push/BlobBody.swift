// SPDX-License-Identifier: Apache-2.0
import Errors
import NIOCore
import OCISpec

/// The bytes of a blob from an offset on, read as they are sent.
struct BlobBody: AsyncSequence, Sendable {
  let blob: Descriptor
  let source: any BlobReader
  let offset: Int64
  let threads: FileThreads
  /// Called with each block's size when it is given to the network.
  let sent: @Sendable (Int) -> Void

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self, position: offset) }

  struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let body: BlobBody
    fileprivate var position: Int64

    mutating func next() async throws -> ByteBuffer? {
      let rest = body.blob.size - position
      guard rest > 0 else { return nil }
      let block = try await body.threads.run { [body, position] () throws(HullError) in
        try body.read(at: position, length: Int(Swift.min(rest, BlobBody.block)))
      }
      position += Int64(block.readableBytes)
      body.sent(block.readableBytes)
      return block
    }
  }

  private static let block: Int64 = 512 << 10

  private func read(at position: Int64, length: Int) throws(HullError) -> ByteBuffer {
    var block = ByteBufferAllocator().buffer(capacity: length)
    var failure: HullError?
    block.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { buffer in
      do throws(HullError) {
        return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: position)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    guard block.readableBytes > 0 else {
      throw HullError(.internalError, "blob \(blob.digest) ends after \(position) of its \(blob.size) bytes")
    }
    return block
  }
}
