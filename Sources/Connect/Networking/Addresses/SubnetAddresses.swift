// SPDX-License-Identifier: Apache-2.0
import Addressing

/// Which addresses of one subnet are given out.
struct SubnetAddresses: Sendable {
  let configuration: SubnetConfiguration
  /// How many are given out, gateway and auxiliary addresses and those that no host may have included.
  private(set) var used: UInt128 = 0
  /// How many of those are in the range.
  private(set) var usedInRange: UInt128 = 0
  private var addresses = SparseBitmap()
  /// Where the search begins when addresses are given out one after the other.
  private var cursor: UInt128 = 0

  init(_ configuration: SubnetConfiguration) {
    self.configuration = configuration
    let subnet = configuration.subnet
    let hostBits = subnet.family.bits - subnet.length
    // The network's own address and IPv6's subnet-router anycast address (RFC 4291, section 2.6.1); not on a link of two (RFC 3021).
    if subnet.family == .v6 || hostBits > 1 { take(subnet.first) }
    if subnet.family == .v4 && hostBits > 1 { take(subnet.last) }
  }

  /// The addresses that are given out without being asked for.
  var range: IPPrefix { configuration.range ?? configuration.subnet }

  /// `false` when it is given out already.
  @discardableResult
  mutating func take(_ address: IPAddress) -> Bool {
    guard addresses.insert(address.value) else { return false }
    used += 1
    if range.contains(address) { usedInRange += 1 }
    return true
  }

  /// The lowest free address of the range, or the first one after that which was given out before; `nil` when there is none.
  mutating func takeNext(_ order: AddressSpace.Order) -> IPAddress? {
    let bounds = range.first.value...range.last.value
    let start = order == .next && bounds.contains(cursor) ? cursor : bounds.lowerBound
    guard let value = addresses.firstGap(in: start...bounds.upperBound) ?? addresses.firstGap(in: bounds) else { return nil }
    let address = IPAddress(range.family, value)
    take(address)
    cursor = value == .max ? 0 : value + 1
    return address
  }

  /// `false` when it is not given out.
  mutating func release(_ address: IPAddress) -> Bool {
    guard addresses.remove(address.value) else { return false }
    used -= 1
    if range.contains(address) { usedInRange -= 1 }
    return true
  }
}
