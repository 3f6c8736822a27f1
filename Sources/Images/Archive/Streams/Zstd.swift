// SPDX-License-Identifier: Apache-2.0
import CZstd
import Errors
import Glibc

/// Decompresses zstd (RFC 8878), any number of frames, with a window of at most 32 MiB: what `zstd --ultra -20` makes.
final class ZstdSource: ByteSource {
  private static let windowLog: Int32 = 25
  private let source: any ByteSource
  private let stream: OpaquePointer
  private let input: UnsafeMutableRawBufferPointer
  private var available = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
  private var insideFrame = true
  private var inputEnded = false

  init(_ source: any ByteSource) throws(HullError) {
    self.source = source
    guard let stream = ZSTD_createDCtx() else { throw HullError(.internalError, "archive: cannot set up zstd: out of memory") }
    self.stream = stream
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZstdSource.windowLog)
    input = .allocate(byteCount: 1 << 18, alignment: 64)
  }

  deinit {
    ZSTD_freeDCtx(stream)
    input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while output.pos < output.size {
      if available.pos == available.size, !inputEnded {
        let count = try source.read(into: input)
        inputEnded = count == 0
        available = ZSTD_inBuffer(src: input.baseAddress, size: count, pos: 0)
      }
      let before = (available.pos, output.pos)
      if inputEnded, !insideFrame { break }
      let result = ZSTD_decompressStream(stream, &output, &available)
      guard ZSTD_isError(result) == 0 else { throw ZstdSource.failure(result) }
      insideFrame = result != 0
      if inputEnded, (available.pos, output.pos) == before {
        guard insideFrame else { break }
        throw HullError(.invalidArgument, "archive: zstd data ends too early")
      }
    }
    return output.pos
  }

  private static func failure(_ result: Int) -> HullError {
    if ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge {
      return HullError(.tooLarge, "archive: zstd needs a window of more than \(1 << (windowLog - 20)) MiB: compress with zstd -20 or less")
    }
    return HullError(.invalidArgument, "archive: zstd data is damaged (\(String(cString: ZSTD_getErrorName(result)).lowercased()))")
  }
}
