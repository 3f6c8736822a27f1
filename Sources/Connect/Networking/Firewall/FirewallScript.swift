// SPDX-License-Identifier: Apache-2.0
import Addressing

/// What is said to nftables, in the language of nft(8). Each text is one transaction: the kernel takes all of it or nothing.
package struct FirewallScript: Sendable {
  /// The name of the table, of family `inet`.
  package let table: String

  package init(table: String) { self.table = table }

  /// The whole table in place of whatever it was.
  package func replacement(_ state: FirewallState) -> String {
    var elements = FirewallElements()
    for network in state.networks { elements.add(network) }
    let networks = Dictionary(state.networks.map { ($0.bridge, $0) }, uniquingKeysWith: { first, _ in first })
    for port in state.ports { elements.add(port, in: networks[port.bridge]) }
    return removal + definition(state) + lines("add", elements)
  }

  /// Removes the table; one that is not there is fine.
  package var removal: String { "add table inet \(table)\ndelete table inet \(table)\n" }

  /// Adds networks and ports to the table that is there. `networks`: those that the ports' workloads are in, by bridge.
  func addition(_ added: [FirewallNetwork], _ ports: [PublishedPort], in networks: [String: FirewallNetwork]) -> String {
    lines("add", elements(added, ports, networks))
  }

  /// Removes networks and ports. Added first, what is gone already is no error.
  func subtraction(_ removed: [FirewallNetwork], _ ports: [PublishedPort], in networks: [String: FirewallNetwork]) -> String {
    let elements = elements(removed, ports, networks)
    return lines("add", elements) + lines("delete", elements)
  }

  private func elements(_ added: [FirewallNetwork], _ ports: [PublishedPort], _ networks: [String: FirewallNetwork]) -> FirewallElements {
    var elements = FirewallElements()
    for network in added { elements.add(network) }
    for port in ports { elements.add(port, in: networks[port.bridge]) }
    return elements
  }

  private func lines(_ verb: String, _ elements: FirewallElements) -> String {
    FirewallSet.allCases.reduce(into: "") { text, set in
      guard let list = elements.elements[set] else { return }
      text += "\(verb) element inet \(table) \(set.rawValue) { \(list.joined(separator: ", ")) }\n"
    }
  }

  private func definition(_ state: FirewallState) -> String {
    let sets = FirewallSet.allCases.map { "  \($0.declaration)\n" }.joined()
    let chains = [guardChain, prerouting(state), output, published, forward, postrouting] + (state.localDelivery ? [answers(state.answerMark)] : [])
    return "table inet \(table) {\n\(sets)\(chains.joined())}\n"
  }

  /// Whoever sends a packet for a loopback address from outside gets nowhere, also on a host that routes such packets (route_localnet).
  private var guardChain: String {
    """
      chain guard {
        type filter hook prerouting priority -300; policy accept;
        iifname != "lo" ip daddr 127.0.0.0/8 ip daddr . meta l4proto . th dport @loopback4 drop
        iifname != "lo" ip6 daddr ::1 ip6 daddr . meta l4proto . th dport @loopback6 drop
      }

    """
  }

  /// With local delivery, only workloads' packets are sent on; those from outside stay with the host.
  private func prerouting(_ state: FirewallState) -> String {
    """
      chain prerouting {
        type nat hook prerouting priority -100; policy accept;
        iifname @relayed return
        \(state.localDelivery ? "iifname @bridges " : "")fib daddr type local jump published
      }

    """
  }

  private var output: String {
    """
      chain output {
        type nat hook output priority -100; policy accept;
        fib daddr type local jump published
      }

    """
  }

  /// Loopback addresses are served by a process of the host: a packet from one could not be answered from another machine's network.
  private var published: String {
    """
      chain published {
        ip daddr 127.0.0.0/8 return
        ip6 daddr ::1 return
        dnat ip to ip daddr . meta l4proto . th dport map @ports4
        dnat ip to meta l4proto . th dport map @everywhere4
        dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6
        dnat ip6 to meta l4proto . th dport map @everywhere6
      }

    """
  }

  /// What is accepted here can still be dropped by any other table: in nftables a packet must be accepted by every base chain.
  private var forward: String {
    """
      chain forward {
        type filter hook forward priority 0; policy accept;
        ct state established,related accept
    iifname != @bridges oifname != @bridges accept
        iifname . oifname @same accept
        iifname @closed drop
        oifname @closed drop
        meta nfproto ipv4 iifname @closed4 drop
        meta nfproto ipv4 oifname @closed4 drop
        meta nfproto ipv6 iifname @closed6 drop
        meta nfproto ipv6 oifname @closed6 drop
        ct status dnat accept
        meta nfproto ipv4 oifname @unprotected4 accept
        meta nfproto ipv6 oifname @unprotected6 accept
        ip protocol icmp oifname @routed4 accept
        meta l4proto ipv6-icmp oifname @routed6 accept
        ip daddr . meta l4proto . th dport @open4 accept
        ip6 daddr . meta l4proto . th dport @open6 accept
        oifname @bridges drop
      }

    """
  }

  /// A workload that reaches its own bridge through the host's address must get the answer through the host too; everybody else keeps
  /// the address that they have, except on the way out of the host.
  private var postrouting: String {
    """
      chain postrouting {
        type nat hook postrouting priority 100; policy accept;
        ct status dnat ip saddr . oifname @hairpin4 masquerade
        ct status dnat ip6 saddr . oifname @hairpin6 masquerade
        oifname @bridges accept
        oifname "lo" accept
        snat ip to ip saddr map @source4
        snat ip6 to ip6 saddr map @source6
        ip saddr @masquerade4 masquerade
        ip6 saddr @masquerade6 masquerade
      }

    """
  }

  /// Answers to a process of the host that speaks to a workload with its client's address.
  private func answers(_ mark: UInt32) -> String {
    """
      chain answers {
        type filter hook prerouting priority -150; policy accept;
        iifname @bridges socket transparent 1 socket wildcard 0 meta mark set meta mark | \(mark)
      }

    """
  }
}
