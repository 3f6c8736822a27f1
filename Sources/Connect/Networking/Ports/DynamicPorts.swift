// SPDX-License-Identifier: Apache-2.0
import Errors
import LinuxSystem

/// The ports that the kernel itself gives out (ip-sysctl.rst, ip_local_port_range and ip_local_reserved_ports).
package enum DynamicPorts {
  /// What Docker takes where the kernel does not tell.
  package static let fallback: ClosedRange<UInt16> = 49153...65535

  /// The range of the calling thread's network namespace. Blocking.
  package static func range() -> ClosedRange<UInt16> {
    (try? Files.readText("/proc/sys/net/ipv4/ip_local_port_range")).flatMap(parseRange) ?? fallback
  }

  /// The ports of the calling thread's network namespace that are never given out unasked. Blocking.
  package static func reserved() -> Set<UInt16> {
    (try? Files.readText("/proc/sys/net/ipv4/ip_local_reserved_ports")).map(parseList) ?? []
  }

  /// Reads `32768<tab>60999`.
  static func parseRange(_ text: String) -> ClosedRange<UInt16>? {
    let numbers = text.split(whereSeparator: \.isWhitespace).map { UInt16($0) }
    guard numbers.count == 2, let low = numbers[0], let high = numbers[1], low > 0, low <= high else { return nil }
    return low...high
  }

  /// Reads `8080,9000-9010`.
  static func parseList(_ text: String) -> Set<UInt16> {
    text.split(separator: ",").reduce(into: []) { ports, part in
      let ends = part.split(separator: "-").compactMap { UInt16($0) }
      if let low = ends.first, let high = ends.last, low <= high { ports.formUnion(low...high) }
    }
  }
}
