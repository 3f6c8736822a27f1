// SPDX-License-Identifier: Apache-2.0
import Addressing

/// Names that stand for addresses (RFC 1035, section 3.5; RFC 3596, section 2.5).
enum ReverseName {
  private static let suffix4 = Array(".in-addr.arpa".utf8)
  private static let suffix6 = Array(".ip6.arpa".utf8)

  /// The address in `4.3.2.1.in-addr.arpa` or in 32 digits before `.ip6.arpa`; `nil` for any other name.
  static func address(_ name: [UInt8]) -> IPAddress? {
    if let labels = labels(of: name, before: suffix4) {
      return number(labels, count: 4, radix: 10, limit: 255).map { IPAddress(.v4, $0) }
    }
    if let labels = labels(of: name, before: suffix6) {
      return number(labels, count: 32, radix: 16, limit: 15).map { IPAddress(.v6, $0) }
    }
    return nil
  }

  private static func labels(of name: [UInt8], before suffix: [UInt8]) -> [ArraySlice<UInt8>]? {
    guard name.count > suffix.count, zip(name.suffix(suffix.count), suffix).allSatisfy({ DomainName.lowercased($0) == $1 }) else { return nil }
    return name.dropLast(suffix.count).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  }

  /// The labels as digits of one number, the last label first.
  private static func number(_ labels: [ArraySlice<UInt8>], count: Int, radix: Int, limit: UInt128) -> UInt128? {
    guard labels.count == count else { return nil }
    var value: UInt128 = 0
    for label in labels.reversed() {
      guard let part = digits(label, radix: UInt128(radix)), part <= limit else { return nil }
      value = value * (limit + 1) + part
    }
    return value
  }

  private static func digits(_ label: ArraySlice<UInt8>, radix: UInt128) -> UInt128? {
    guard (1...3).contains(label.count) else { return nil }
    var value: UInt128 = 0
    for byte in label {
      let letter = DomainName.lowercased(byte)
      let digit = (0x30...0x39).contains(byte) ? byte - 0x30 : (0x61...0x66).contains(letter) ? letter - 0x61 + 10 : UInt8.max
      guard digit < radix else { return nil }
      value = value * radix + UInt128(digit)
    }
    return value
  }
}
