// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Bytes, pulled by whoever needs the next ones.
package protocol ByteSource: AnyObject {
  /// Fills `buffer` as far as is convenient and says how much; 0 only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int
}

extension ByteSource {
  /// So many bytes, or all that are left where there are fewer.
  package func head(_ count: Int) throws(HullError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      var outcome = Result<Int, HullError>.success(0)
      bytes.withUnsafeMutableBytes { all in
        let rest = UnsafeMutableRawBufferPointer(rebasing: all[filled...])
        do throws(HullError) { outcome = .success(try read(into: rest)) } catch { outcome = .failure(error) }
      }
      let got = try outcome.get()
      if got == 0 { break }
      filled += got
    }
    return Array(bytes.prefix(filled))
  }
}

/// The same, in pieces that the source owns: no copy between a decompressor and a parser.
package protocol ChunkSource: AnyObject {
  /// The next bytes, never empty, valid until the next call; `nil` at the end.
  func next() throws(HullError) -> UnsafeRawBufferPointer?
}

extension ChunkSource {
  /// Reads to the end and forgets what it read.
  package func drain() throws(HullError) {
    while try next() != nil {}
  }
}

/// A file, pipe or socket, from where it stands to its end. Does not close the descriptor.
package final class FileSource: ByteSource {
  private let fd: Int32
  private let name: String

  /// - Parameter name: what messages call it.
  package init(_ fd: Int32, name: String = "archive") {
    self.fd = fd
    self.name = name
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = uninterrupted { Glibc.read(fd, buffer.baseAddress, buffer.count) }
    guard count >= 0 else { throw systemFailure("cannot read \(name)") }
    return count
  }
}

/// Bytes already in memory, then those of another source.
package final class PrefixedSource: ByteSource {
  private var prefix: ArraySlice<UInt8>
  private let rest: (any ByteSource)?

  package convenience init(_ prefix: [UInt8], then rest: (any ByteSource)? = nil) { self.init(prefix[...], then: rest) }

  package init(_ prefix: ArraySlice<UInt8>, then rest: (any ByteSource)? = nil) { (self.prefix, self.rest) = (prefix, rest) }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    guard !prefix.isEmpty else { return try rest?.read(into: buffer) ?? 0 }
    let count = min(prefix.count, buffer.count)
    buffer.copyBytes(from: prefix.prefix(count))
    prefix = prefix.dropFirst(count)
    return count
  }
}

/// Gives a byte source's bytes in chunks, on the caller's own thread.
package final class BufferedChunks: ChunkSource {
  private let source: any ByteSource
  private let buffer: UnsafeMutableRawBufferPointer

  /// Bytes of a piece, at most.
  package static let usualSize = 1 << 18

  package init(_ source: any ByteSource, size: Int = BufferedChunks.usualSize) {
    self.source = source
    buffer = .allocate(byteCount: size, alignment: 64)
  }

  deinit { buffer.deallocate() }

  package func next() throws(HullError) -> UnsafeRawBufferPointer? {
    let count = try source.read(into: buffer)
    return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
  }
}
