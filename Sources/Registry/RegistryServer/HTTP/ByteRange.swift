// SPDX-License-Identifier: Apache-2.0

/// The part of a blob that a `Range` header asks for (RFC 9110, section 14).
package enum ByteRange: Sendable, Equatable {
  /// No range, or one that may be ignored: several parts, another unit, nonsense.
  case whole
  case part(Range<Int64>)
  /// It begins behind the end: 416.
  case unsatisfiable

  package init(_ header: String?, size: Int64) {
    self = .whole
    guard let header, header.hasPrefix("bytes="), !header.utf8.contains(UInt8(ascii: ",")) else { return }
    let ends = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return }
    switch (Int64(ends[0]), Int64(ends[1])) {
    case (let first?, let last?) where first <= last: self = ByteRange.from(first, to: min(last, size - 1), size)
    case (let first?, nil) where ends[1].isEmpty: self = ByteRange.from(first, to: size - 1, size)
    case (nil, let suffix?) where ends[0].isEmpty: self = suffix == 0 ? .unsatisfiable : ByteRange.from(max(0, size - suffix), to: size - 1, size)
    default: return
    }
  }

  private static func from(_ first: Int64, to last: Int64, _ size: Int64) -> ByteRange {
    first < size ? .part(first..<last + 1) : .unsatisfiable
  }
}
