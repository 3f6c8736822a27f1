// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A range of addresses as CIDR writes it (RFC 4632, RFC 4291): `10.1.0.0/16`, `fd00::/64`.
struct IPPrefix {
  private let bytes: [UInt8]
  private let length: Int

  /// `nil` for a text that is none. The bits behind the length may be set.
  init?(_ text: String) {
    guard let (address, digits) = Text.cut(text, "/"), let bytes = Self.bytes(address), let length = Int(digits),
      (0...bytes.count * 8).contains(length), digits.allSatisfy({ $0.isASCII && $0.isNumber })
    else { return nil }
    self.bytes = bytes
    self.length = length
  }

  /// Whether the address lies in the range; what is no address does not.
  func contains(address text: String) -> Bool { Self.bytes(text).map(holds) ?? false }

  /// Whether one of the two begins inside the other.
  func overlaps(_ other: IPPrefix) -> Bool { holds(other.bytes) || other.holds(bytes) }

  /// Whether the other one's first address lies in this.
  func contains(_ other: IPPrefix) -> Bool { holds(other.bytes) }

  private func holds(_ address: [UInt8]) -> Bool {
    guard address.count == bytes.count else { return false }
    return (0..<length).allSatisfy { bit in (address[bit / 8] ^ bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0 }
  }

  /// Four bytes for IPv4, also when it is written as IPv6 (`::ffff:10.1.0.1`), else sixteen.
  private static func bytes(_ text: String) -> [UInt8]? {
    var storage = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &storage) == 1 { return Array(storage.prefix(4)) }
    guard inet_pton(AF_INET6, text, &storage) == 1 else { return nil }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
    return storage.starts(with: mapped) ? Array(storage.suffix(4)) : storage
  }
}
