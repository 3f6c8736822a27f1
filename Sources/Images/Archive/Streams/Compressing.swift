// SPDX-License-Identifier: Apache-2.0
import CZstd
import Errors

/// Compresses what is written to it. The same bytes and level give the same result.
package protocol CompressingSink: ByteSink {
  /// Writes what is left: the last call.
  func finish() throws(HullError)
}

extension Compression {
  /// What is usual, where nobody says another one.
  package var usualLevel: Int {
    switch self {
    case .none: 0
    case .gzip: 6
    case .zstd: 3
    }
  }

  /// A sink that compresses into another.
  /// - Parameter level: gzip 0 to 9, zstd 0 to 22; `nil`: what is usual.
  package func sink(_ target: any ByteSink, level: Int? = nil) throws(HullError) -> any CompressingSink {
    switch self {
    case .none: PlainSink(target)
    case .gzip: GzipSink(target, level: level ?? usualLevel)
    case .zstd: try ZstdSink(target, level: level ?? usualLevel)
    }
  }
}

/// Passes on what it gets.
private final class PlainSink: CompressingSink {
  private let target: any ByteSink
  init(_ target: any ByteSink) { self.target = target }
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { try target.write(bytes) }
  func finish() throws(HullError) {}
}

/// Writes one zstd frame (RFC 8878), with a checksum.
private final class ZstdSink: CompressingSink {
  private let target: any ByteSink
  private let stream: OpaquePointer
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)

  init(_ target: any ByteSink, level: Int) throws(HullError) {
    self.target = target
    guard let stream = ZSTD_createCCtx() else { throw HullError(.internalError, "cannot compress: out of memory") }
    self.stream = stream
    ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, Int32(min(max(level, 1), 22)))
    ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)
  }

  deinit {
    ZSTD_freeCCtx(stream)
    output.deallocate()
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    while input.pos < input.size { _ = try step(&input, ZSTD_e_continue) }
  }

  func finish() throws(HullError) {
    var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    while try step(&input, ZSTD_e_end) != 0 {}
  }

  /// - Returns: 0 when nothing is left to be written.
  private func step(_ input: inout ZSTD_inBuffer, _ end: ZSTD_EndDirective) throws(HullError) -> Int {
    var room = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let left = ZSTD_compressStream2(stream, &room, &input, end)
    guard ZSTD_isError(left) == 0 else {
      throw HullError(.internalError, "cannot compress: \(String(cString: ZSTD_getErrorName(left)).lowercased())")
    }
    if room.pos > 0 { try target.write(UnsafeRawBufferPointer(rebasing: output[..<room.pos])) }
    return left
  }
}
