// SPDX-License-Identifier: Apache-2.0
import Errors
import LinuxSystem

/// Which filters of the host, outside of one engine's table, may stop a packet.
package struct HostFirewall: Hashable, Sendable {
  /// Base chains at the input hook that can drop, as `FAMILY TABLE CHAIN`: packets for a process of the host.
  package var input: [String]
  /// Base chains at the forward hook that can drop: packets for a workload.
  package var forward: [String]

  package init(input: [String] = [], forward: [String] = []) {
    self.input = input
    self.forward = forward
  }

  package var filtersInput: Bool { !input.isEmpty }
  package var filtersForward: Bool { !forward.isEmpty }

  /// Reads all tables but inet `excluding`, and what the older iptables left, in the calling thread's network namespace. Throws
  /// `internalError` or `forbidden` when nftables cannot be asked. Blocking.
  package static func read(excluding tables: Set<String>) throws(HullError) -> HostFirewall {
    let ruleset = try NFTables.run("list ruleset", "cannot read the host's firewall", format: .json)
    var result = try HostFirewall(ruleset: ruleset, excluding: tables)
    for (file, family) in [("ip_tables_names", "ip"), ("ip6_tables_names", "ip6")] {
      // Only the table's presence can be seen without its own tools.
      guard let names = try? Files.readText("/proc/thread-self/net/" + file), names.split(separator: "\n").contains("filter") else { continue }
      result.input.append("\(family) filter INPUT (iptables)")
      result.forward.append("\(family) filter FORWARD (iptables)")
    }
    return result
  }
}
