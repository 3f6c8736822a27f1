// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors

/// A block of addresses that is cut into networks of one size: `172.20.0.0/14` in networks of `/16`.
package struct AddressPool: Hashable, Sendable {
  package let base: IPPrefix
  /// The prefix length of a network.
  package let size: Int

  /// Throws `invalidArgument` when a network would be larger than the block.
  package init(base: IPPrefix, size: Int) throws(HullError) {
    guard base.length <= size, size <= base.family.bits else {
      throw HullError(.invalidArgument, "address pool \(base) cannot be cut into networks of /\(size)")
    }
    self.init(checked: base.network, size: size)
  }

  private init(checked base: IPPrefix, size: Int) {
    self.base = base
    self.size = size
  }

  /// Docker's pools for local networks, and behind them 65536 networks of 254 workloads each, so that they do not run out.
  package static let defaults: [AddressPool] = {
    func block(_ a: UInt128, _ b: UInt128, _ length: Int, size: Int) -> AddressPool {
      AddressPool(checked: IPPrefix(IPAddress(.v4, a << 24 | b << 16), length), size: size)
    }
    let private172 = (17...31).map { block(172, $0, 16, size: 16) }
    return private172 + [block(192, 168, 16, size: 20), block(10, 0, 8, size: 24)]
  }()

  /// The block of an engine's own IPv6 networks, `/64` each (RFC 4193, section 3.2.2). `globalID`: 40 random bits, made once and kept.
  package static func uniqueLocal(globalID: UInt64) -> AddressPool {
    let prefix: UInt128 = 0xFD << 120 | UInt128(globalID & 0xFF_FFFF_FFFF) << 80
    return AddressPool(checked: IPPrefix(IPAddress(.v6, prefix), 48), size: 64)
  }
}

/// Where networks without a subnet of their own get one.
package struct AddressPools: Sendable {
  /// In the order in which they are used up.
  package let pools: [AddressPool]

  package init(_ pools: [AddressPool]) { self.pools = pools }

  /// The first network of a pool that shares no address with any of `taken`; when there is none, the first that only hides a route of the
  /// host. `size` takes the place of the pools' own prefix length. Throws `invalidArgument` when there is none.
  package func choose(_ family: IPAddress.Family, size: Int? = nil, avoiding taken: [TakenPrefix]) throws(HullError) -> IPPrefix {
    let fitting = pools.filter { $0.base.family == family && (size ?? $0.size) >= $0.base.length && (size ?? $0.size) <= family.bits }
    if fitting.isEmpty {
      let wanted = size.map { "a network of /\($0)" } ?? "a network"
      throw HullError(.invalidArgument, "invalid address pool: no IPv\(family.rawValue) pool has room for \(wanted)")
    }
    for others in [taken, taken.filter { !$0.isRoute }] {
      let occupied = Occupied(others.map(\.prefix).filter { $0.family == family })
      for pool in fitting {
        if let free = occupied.firstGap(in: pool.base, size: size ?? pool.size) { return free }
      }
    }
    throw HullError(
      .invalidArgument, "all predefined address pools have been fully subnetted: remove unused networks, or name a subnet with --subnet")
  }
}

/// Prefixes as disjoint, sorted ranges.
private struct Occupied {
  private var ranges: [ClosedRange<UInt128>] = []

  init(_ prefixes: [IPPrefix]) {
    for prefix in prefixes.sorted(by: { $0.first < $1.first }) {
      let range = prefix.first.value...prefix.last.value
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
  }

  /// The first network of `size` in `base` that touches no range.
  func firstGap(in base: IPPrefix, size: Int) -> IPPrefix? {
    var candidate = IPPrefix(base.first, size)
    var next = ranges.partitioningIndex { $0.upperBound >= candidate.first.value }
    while next < ranges.count, ranges[next].lowerBound <= candidate.last.value {
      // The first boundary behind the range; none when the range reaches the end of the block.
      if ranges[next].upperBound >= base.last.value { return nil }
      let behind = IPPrefix(IPAddress(base.family, max(ranges[next].upperBound, candidate.last.value)), size).last
      if behind >= base.last { return nil }
      candidate = IPPrefix(behind.advanced(by: 1), size)
      while next < ranges.count, ranges[next].upperBound < candidate.first.value { next += 1 }
    }
    return candidate
  }
}

extension [ClosedRange<UInt128>] {
  /// The first index whose element fulfils `condition`, which the elements from there on all do.
  fileprivate func partitioningIndex(where condition: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
