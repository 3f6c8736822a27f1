// SPDX-License-Identifier: Apache-2.0
import Errors

/// How bytes are compressed, told from their first bytes, whatever a name or media type claims.
package enum Compression: String, Sendable {
  case none, gzip, zstd

  /// By the name that BuildKit's options have for it: `gzip`, `zstd`, `uncompressed`.
  package init?(named name: String) {
    switch name {
    case "gzip": self = .gzip
    case "zstd": self = .zstd
    case "uncompressed": self = .none
    default: return nil
    }
  }

  static func detect(_ magic: [UInt8]) throws(HullError) -> Compression {
    if magic.starts(with: [0x1f, 0x8b]) { return .gzip }
    if magic.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return .zstd }
    if magic.count == 4, magic[0] & 0xf0 == 0x50, magic[1...].elementsEqual([0x2a, 0x4d, 0x18]) { return .zstd }
    if magic.starts(with: Array("BZh".utf8)) { throw unsupported("bzip2") }
    if magic.starts(with: [0xfd] + Array("7zX".utf8)) { throw unsupported("xz") }
    return .none
  }

  private static func unsupported(_ name: String) -> HullError {
    HullError(.invalidArgument, "archive: \(name) compression is not supported: use gzip, zstd or none")
  }
}

/// Where decompression stops being a service and becomes an attack.
package struct ExpansionLimit: Sendable {
  /// Bytes out for each byte in, once `from` bytes are out.
  package var ratio: Int64
  package var from: Int64

  /// Text compresses 3 to 20 times; nothing but zeros 230 (gzip -1) to 1,000 times (gzip -9), with zstd more.
  package static let standard = ExpansionLimit(ratio: 150, from: 256 << 20)

  package init(ratio: Int64, from: Int64) {
    self.ratio = ratio
    self.from = from
  }
}

/// Uncompressed bytes of an archive that may be compressed.
package final class DecompressingSource: ByteSource {
  package let compression: Compression
  private let source: any ByteSource
  private let counter: CountingSource
  private let limit: ExpansionLimit
  private var produced: Int64 = 0

  /// Reads the first bytes to find out.
  package init(_ source: any ByteSource, limit: ExpansionLimit = .standard) throws(HullError) {
    let magic = try source.head(4)
    compression = try .detect(magic)
    counter = CountingSource(PrefixedSource(magic, then: source))
    self.limit = limit
    switch compression {
    case .none: self.source = counter
    case .gzip: self.source = GzipSource(counter)
    case .zstd: self.source = try ZstdSource(counter)
    }
  }

  /// Compressed bytes taken so far.
  package var consumed: Int64 { counter.count }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = try source.read(into: buffer)
    produced += Int64(count)
    if compression != .none, produced > limit.from, produced / limit.ratio > counter.count {
      throw HullError(
        .tooLarge, "archive: \(counter.count) compressed bytes expand more than \(limit.ratio) times: refused as a decompression bomb")
    }
    return count
  }
}

/// Counts what passes.
private final class CountingSource: ByteSource {
  private let source: any ByteSource
  private(set) var count: Int64 = 0
  init(_ source: any ByteSource) { self.source = source }
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = try source.read(into: buffer)
    self.count += Int64(count)
    return count
  }
}
