// SPDX-License-Identifier: Apache-2.0
import Errors

/// Writes an archive anew with no time later than a given one (reproducible builds, `SOURCE_DATE_EPOCH`); everything else stays as it is.
package enum TarClamp {
  /// - Parameter latest: seconds since 1970.
  package static func rewrite(_ source: any ByteSource, latest: Int64, to sink: any ByteSink) throws(HullError) {
    let reader = TarReader(BufferedChunks(source))
    let buffered = BufferedSink(sink)
    let writer = TarWriter(buffered)
    while var entry = try reader.next() {
      if entry.modified.seconds >= latest { entry.modified = TarEntry.Time(seconds: latest) }
      try writer.begin(entry)
      guard entry.kind == .regular else { continue }
      var position: Int64 = 0
      while let (offset, bytes) = try reader.data() {
        try zeros(offset - position, to: writer)
        try writer.write(bytes)
        position = offset + Int64(bytes.count)
      }
      try writer.fill()
    }
    try writer.finish()
    try buffered.flush()
  }

  /// A hole is written out.
  private static func zeros(_ count: Int64, to writer: TarWriter) throws(HullError) {
    var left = count
    let block = [UInt8](repeating: 0, count: Int(min(max(count, 0), 1 << 16)))
    while left > 0 {
      let part = Int(min(left, Int64(block.count)))
      var failure: HullError?
      block.withUnsafeBytes { bytes in
        do throws(HullError) { try writer.write(UnsafeRawBufferPointer(rebasing: bytes[..<part])) } catch { failure = error }
      }
      if let failure { throw failure }
      left -= Int64(part)
    }
  }
}
