// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// An IPv4 or IPv6 address as a number, so that ranges can be computed with.
package struct IPAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
  package enum Family: UInt8, Sendable {
    case v4 = 4
    case v6 = 6

    /// 32 or 128.
    package var bits: Int { self == .v4 ? 32 : 128 }
    /// `AF_INET` or `AF_INET6`.
    package var number: UInt8 { UInt8(self == .v4 ? AF_INET : AF_INET6) }
  }

  package let family: Family
  /// In host order; an IPv4 address has 32 significant bits.
  package let value: UInt128

  package init(_ family: Family, _ value: UInt128) {
    self.family = family
    self.value = value
  }

  /// From 4 or 16 bytes in network order; `nil` for any other count.
  package init?<Bytes: Collection<UInt8>>(bytes: Bytes) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.init(bytes.count == 4 ? .v4 : .v6, bytes.reduce(0) { $0 << 8 | UInt128($1) })
  }

  /// Reads `192.0.2.1` or `2001:db8::1` (RFC 4291, section 2.2), also in brackets; `nil` for anything else. An address with a zone is none.
  package init?(_ text: String) {
    var text = text
    if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
    var bytes = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &bytes) == 1 {
      self.init(bytes: bytes.prefix(4))
    } else if inet_pton(AF_INET6, text, &bytes) == 1 {
      self.init(bytes: bytes)
    } else {
      return nil
    }
  }

  /// 4 or 16 bytes in network order.
  package var bytes: [UInt8] {
    stride(from: family.bits - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt128($0)) }
  }

  /// As RFC 5952 writes it.
  package var description: String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let bytes = bytes
    _ = inet_ntop(Int32(family.number), bytes, &buffer, socklen_t(buffer.count))
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// In brackets when it is IPv6: as it stands before a port.
  package var withBrackets: String { family == .v6 ? "[\(description)]" : description }

  package var isLoopback: Bool { family == .v4 ? value >> 24 == 127 : value == 1 }
  /// `0.0.0.0` or `::`.
  package var isUnspecified: Bool { value == 0 }
  /// `169.254.0.0/16` or `fe80::/10`.
  package var isLinkLocal: Bool { family == .v4 ? value >> 16 == 0xA9FE : value >> 118 == 0x3FA }
  package var isMulticast: Bool { family == .v4 ? value >> 28 == 0xE : value >> 120 == 0xFF }

  /// The address `count` further on; wraps around at the end of the family.
  package func advanced(by count: UInt128) -> IPAddress {
    let sum = value &+ count
    return IPAddress(family, family == .v4 ? sum & 0xFFFF_FFFF : sum)
  }

  package static func < (left: IPAddress, right: IPAddress) -> Bool {
    left.family == right.family ? left.value < right.value : left.family.rawValue < right.family.rawValue
  }
}
