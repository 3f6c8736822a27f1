// SPDX-License-Identifier: Apache-2.0

/// Where the stored bytes of a sparse file belong. Between the segments are holes.
struct SparseMap {
  struct Segment: Hashable {
    let offset: Int64
    let length: Int64
  }

  /// 4 MiB of memory at most; a file with more holes is not worth storing sparsely.
  static let maximumSegments = 1 << 18

  private(set) var segments: [Segment] = []
  let realSize: Int64

  /// `nil` when the segments overlap, go backwards or beyond the size, or do not add up to the stored bytes.
  init?(_ segments: [Segment], realSize: Int64, stored: Int64) {
    var end: Int64 = 0
    var sum: Int64 = 0
    for segment in segments {
      guard segment.offset >= end, segment.length >= 0, segment.length <= realSize, segment.offset <= realSize - segment.length else { return nil }
      end = segment.offset + segment.length
      sum += segment.length
      if segment.length > 0 { self.segments.append(segment) }
    }
    guard sum == stored, realSize >= 0 else { return nil }
    self.realSize = realSize
  }

  /// Reads `count` pairs of 12-byte numbers of an old GNU header or its continuation; empty pairs end the list.
  /// `nil` when a number is none.
  static func oldSegments(_ block: UnsafeRawBufferPointer, at offset: Int, count: Int) -> [Segment]? {
    var segments: [Segment] = []
    for index in 0..<count {
      let start = offset + index * 24
      let fields = UnsafeRawBufferPointer(rebasing: block[start..<start + 24])
      if fields[0] == 0 { break }
      guard let position = TarField.number(UnsafeRawBufferPointer(rebasing: fields[0..<12])),
        let length = TarField.number(UnsafeRawBufferPointer(rebasing: fields[12..<24])), position >= 0, length >= 0
      else { return nil }
      segments.append(Segment(offset: position, length: length))
    }
    return segments
  }
}
