// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import OCISpec

/// Bytes, pushed to wherever they go.
package protocol ByteSink: AnyObject {
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError)
}

/// Writes to a file, pipe or socket. Does not close the descriptor.
package final class FileSink: ByteSink {
  private let fd: Int32
  private let name: String
  private var behind: WriteBehind?

  /// - Parameter lasting: the file will be synced: the disk begins while more is written.
  package init(_ fd: Int32, name: String = "archive", lasting: Bool = false) {
    self.fd = fd
    self.name = name
    if lasting { behind = WriteBehind() }
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    try writeAll(fd, bytes, name: name)
    behind?.wrote(bytes.count, to: fd)
  }
}

/// Hashes what passes through, on its way out.
package final class HashingSink: ByteSink {
  private let sink: any ByteSink
  private let hash = SHA256()

  package init(_ sink: any ByteSink) { self.sink = sink }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    hash.update(bytes)
    try sink.write(bytes)
  }

  /// The digest of all that was written, and how much it was. Once.
  package func finish() -> (digest: Digest, size: Int64) {
    let size = hash.count
    return (hash.finish(), size)
  }
}

/// Collects small writes into large ones.
package final class BufferedSink: ByteSink {
  private let sink: any ByteSink
  private let buffer: UnsafeMutableRawBufferPointer
  private var used = 0

  package init(_ sink: any ByteSink, size: Int = 1 << 18) {
    self.sink = sink
    buffer = .allocate(byteCount: size, alignment: 64)
  }

  deinit { buffer.deallocate() }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    if bytes.count > buffer.count - used { try flush() }
    guard bytes.count <= buffer.count else { return try sink.write(bytes) }
    UnsafeMutableRawBufferPointer(rebasing: buffer[used...]).copyMemory(from: bytes)
    used += bytes.count
  }

  /// Passes on what has been collected: the last call.
  package func flush() throws(HullError) {
    let ready = UnsafeRawBufferPointer(rebasing: buffer[..<used])
    used = 0
    if !ready.isEmpty { try sink.write(ready) }
  }
}

extension ByteSink {
  package func write(_ bytes: [UInt8]) throws(HullError) {
    var failure: HullError?
    bytes.withUnsafeBytes { buffer in
      do throws(HullError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
