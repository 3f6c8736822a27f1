// SPDX-License-Identifier: Apache-2.0

/// The order of names that people expect: `net9` before `net10`.
enum NaturalOrder {
  /// Runs of digits are compared as numbers, everything else byte by byte.
  static func isBefore(_ left: String, _ right: String) -> Bool {
    var (left, right) = (Array(left.utf8)[...], Array(right.utf8)[...])
    while let a = left.first, let b = right.first {
      guard isDigit(a), isDigit(b) else {
        if a != b { return a < b }
        left.removeFirst()
        right.removeFirst()
        continue
      }
      let (first, second) = (number(&left), number(&right))
      if first.value.count != second.value.count { return first.value.count < second.value.count }
      if first.value != second.value { return first.value.lexicographicallyPrecedes(second.value) }
      // Equal numbers: the one with fewer zeros in front comes first.
      if first.zeros != second.zeros { return first.zeros < second.zeros }
    }
    return left.isEmpty && !right.isEmpty
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// Takes the digits at the front: without the zeros that lead, and how many those were.
  private static func number(_ text: inout ArraySlice<UInt8>) -> (value: ArraySlice<UInt8>, zeros: Int) {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    let value = digits.drop { $0 == UInt8(ascii: "0") }
    return (value, digits.count - value.count)
  }
}
