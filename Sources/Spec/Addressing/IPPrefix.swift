// SPDX-License-Identifier: Apache-2.0
import Errors

/// An address and how many of its leading bits name the network: `172.17.0.0/16`, or an interface's `172.17.0.2/16` (RFC 4632, section 3.1).
package struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
  package let address: IPAddress
  /// 0…32 or 0…128.
  package let length: Int

  /// `length` must fit the family.
  package init(_ address: IPAddress, _ length: Int) {
    precondition((0...address.family.bits).contains(length))
    self.address = address
    self.length = length
  }

  /// Reads `ADDRESS/LENGTH`; `nil` for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), (0...address.family.bits).contains(length),
      parts[1].allSatisfy(\.isNumber)
    else { return nil }
    self.init(address, length)
  }

  package var family: IPAddress.Family { address.family }
  package var description: String { "\(address)/\(length)" }

  private var hostMask: UInt128 { length == 0 && family == .v6 ? .max : (1 << UInt128(family.bits - length)) - 1 }

  /// The first address, all host bits 0.
  package var first: IPAddress { IPAddress(family, address.value & ~hostMask) }
  /// The last address, all host bits 1: IPv4's broadcast address.
  package var last: IPAddress { IPAddress(family, address.value | hostMask) }
  /// The same network with all host bits 0.
  package var network: IPPrefix { IPPrefix(first, length) }

  package func contains(_ other: IPAddress) -> Bool { other.family == family && other >= first && other <= last }
  package func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.address) }
  /// Whether any address is in both.
  package func overlaps(_ other: IPPrefix) -> Bool { contains(other.first) || other.contains(first) }
}
