// SPDX-License-Identifier: Apache-2.0
import CZlib
import Dispatch
import Errors
import Glibc
import Synchronization

/// Writes gzip (RFC 1952) with zlib: without a name, without a time.
///
/// Pieces of equal length are compressed on all processors at once, each with the end of the one before as its dictionary, so that one member comes
/// out, hardly larger than with one piece after the other. The same bytes and level give the same result on every machine.
final class GzipSink: CompressingSink {
  private static let piece = 1 << 19
  /// Pieces that are compressed at once: no more than it takes to have all processors at work, and not too much memory.
  private static let atOnce = min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), 16)

  private let target: any ByteSink
  private let level: Int32
  private var current: [UInt8] = []
  private var waiting: [[UInt8]] = []
  private var dictionary: ArraySlice<UInt8> = []
  private var checksum: UInt = 0
  private var count: UInt = 0
  private var begun = false

  init(_ target: any ByteSink, level: Int) {
    self.target = target
    self.level = Int32(min(max(level, 0), 9))
    current.reserveCapacity(Self.piece)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = rest.prefix(Self.piece - current.count)
      current.append(contentsOf: part)
      rest = rest.dropFirst(part.count)
      if current.count == Self.piece { try takePiece() }
    }
  }

  func finish() throws(HullError) {
    waiting.append(current)
    try flush(isLast: true)
    let trailer = (0..<4).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + (0..<4).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) }
    try target.write(trailer)
  }

  private func takePiece() throws(HullError) {
    waiting.append(current)
    current.removeAll(keepingCapacity: true)
    if waiting.count == Self.atOnce { try flush(isLast: false) }
  }

  private func flush(isLast: Bool) throws(HullError) {
    if !begun { try target.write([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, level == 9 ? 2 : level < 2 ? 4 : 0, 3]) }
    begun = true
    let (pieces, before, level) = (waiting, dictionary, level)
    waiting = []
    let results = Mutex<[Int: Result<DeflatedPiece, HullError>]>([:])
    DispatchQueue.concurrentPerform(iterations: pieces.count) { index in
      let dictionary = index == 0 ? before : pieces[index - 1].suffix(DeflatedPiece.window)
      let result = Result { () throws(HullError) in
        try DeflatedPiece(pieces[index], after: dictionary, level: level, isLast: isLast && index == pieces.count - 1)
      }
      results.withLock { $0[index] = result }
    }
    let made = results.withLock { $0 }
    for (index, piece) in pieces.enumerated() {
      guard let deflated = try made[index]?.get() else { throw HullError(.internalError, "cannot compress: a piece is missing") }
      try target.write(deflated.bytes)
      checksum = crc32_combine(checksum, deflated.checksum, piece.count)
      count += UInt(piece.count)
    }
    dictionary = pieces.last?.suffix(DeflatedPiece.window) ?? []
  }
}

/// A piece of a deflate stream (RFC 1951) that ends at a byte's border.
private struct DeflatedPiece: Sendable {
  /// How far back deflate looks.
  static let window = 1 << 15

  let bytes: [UInt8]
  /// Of what is in it.
  let checksum: UInt

  init(_ piece: [UInt8], after dictionary: ArraySlice<UInt8>, level: Int32, isLast: Bool) throws(HullError) {
    checksum = piece.withUnsafeBytes { crc32(0, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32($0.count)) }
    var stream = z_stream()
    // A negative window: neither zlib's nor gzip's wrapper.
    let begun = deflateInit2_(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard begun == Z_OK else { throw HullError(.internalError, "cannot compress: zlib says \(begun)") }
    defer { deflateEnd(&stream) }
    if !dictionary.isEmpty {
      _ = dictionary.withUnsafeBytes { deflateSetDictionary(&stream, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32($0.count)) }
    }
    bytes = try Self.deflated(piece, &stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
  }

  private static func deflated(_ piece: [UInt8], _ stream: inout z_stream, _ flush: Int32) throws(HullError) -> [UInt8] {
    // Enough for everything at once, with the mark at the end.
    let room = Int(deflateBound(&stream, UInt(piece.count))) + 16
    var outcome = Z_OK
    let bytes = [UInt8](unsafeUninitializedCapacity: room) { output, count in
      piece.withUnsafeBufferPointer { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(room)
        outcome = deflate(&stream, flush)
      }
      count = room - Int(stream.avail_out)
    }
    guard outcome == (flush == Z_FINISH ? Z_STREAM_END : Z_OK), stream.avail_in == 0, stream.avail_out > 0 else {
      throw HullError(.internalError, "cannot compress: zlib says \(outcome)")
    }
    return bytes
  }
}
