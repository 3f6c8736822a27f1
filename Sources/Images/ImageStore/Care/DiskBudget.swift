// SPDX-License-Identifier: Apache-2.0
import Errors

/// How much of the disk images may take: blobs, unpacked layers and downloads that are not whole, together.
package enum DiskBudget: Sendable, Hashable {
  case none
  case bytes(Int64)
  /// Of the file system that the store is on, 1 to 100.
  case percent(Int)

  /// Reads `0`, `20g`, `500MB`, `1.5GiB` (powers of 1024, as Docker's sizes of memory) or `80%`. Throws `invalidArgument`.
  package init(parsing text: String) throws(HullError) {
    let invalid = HullError(.invalidArgument, "invalid disk budget '\(text)': use a size such as 20g, a percentage such as 80%, or 0 for none")
    if text.hasSuffix("%") {
      guard let percent = Int(text.dropLast()), (1...100).contains(percent) else { throw invalid }
      self = .percent(percent)
      return
    }
    let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    let unit = text.dropFirst(digits.count).lowercased()
    let factors: [String: Double] = ["": 1, "k": 0x1p10, "m": 0x1p20, "g": 0x1p30, "t": 0x1p40]
    let letter = unit.hasSuffix("ib") ? unit.dropLast(2) : unit.hasSuffix("b") ? unit.dropLast() : unit[...]
    guard let number = Double(digits), let factor = factors[String(letter)], number * factor < 0x1p62 else { throw invalid }
    self = number == 0 ? .none : .bytes(Int64(number * factor))
  }

  /// Bytes; `nil`: there is no limit.
  /// - Parameter disk: bytes of the file system.
  package func limit(disk: Int64) -> Int64? {
    switch self {
    case .none: nil
    case .bytes(let bytes): bytes
    case .percent(let percent): disk / 100 * Int64(percent)
    }
  }
}
