// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Networking

/// What the host's own rules can do to a packet, read from the kernel.
@Suite struct HostFirewallTests {
  private func read(_ rules: String...) throws -> HostFirewall {
    let namespace = try TestNamespace()
    for rule in rules { try namespace.nft(rule) }
    return try namespace.run { try HostFirewall.read(excluding: ["hull"]) }
  }

  private func inet(_ name: String, _ hook: String, policy: String = "accept") -> String {
    "add chain inet \(name) \(hook) { type filter hook \(hook) priority 0; policy \(policy); }"
  }

  @Test func aHostWithoutRulesFiltersNothing() throws {
    #expect(try read() == HostFirewall())
  }

  @Test func aPolicyFilters() throws {
    let host = try read("add table inet own", inet("own", "input", policy: "drop"), inet("own", "forward"))
    #expect(host == HostFirewall(input: ["inet own input"]))
    #expect(host.filtersInput && !host.filtersForward)
  }

  @Test(arguments: [
    "tcp dport 22 reject", "ct state invalid drop", "tcp dport vmap { 22 : accept, 23 : drop }", "tcp dport vmap @verdicts", "jump deep",
  ])
  func aRuleFiltersWhereverItIs(_ rule: String) throws {
    let host = try read(
      "add table inet own", inet("own", "input"), inet("own", "forward"), "add map inet own verdicts { type inet_service : verdict; }",
      "add chain inet own deeper; add rule inet own deeper drop", "add chain inet own deep; add rule inet own deep goto deeper",
      "add rule inet own forward \(rule)")
    #expect(host == HostFirewall(forward: ["inet own forward"]))
  }

  @Test func rulesThatOnlyAcceptOrCountFilterNothing() throws {
    let host = try read(
      "add table ip own", "add chain ip own input { type filter hook input priority 0; }", "add rule ip own input tcp dport 22 counter accept")
    #expect(!host.filtersInput)
  }

  @Test func ourOwnTableIsNotTheHosts() throws {
    #expect(try read("add table inet hull", inet("hull", "input", policy: "drop")) == HostFirewall())
    #expect(try read("add table ip hull; add chain ip hull input { type filter hook input priority 0; policy drop; }").filtersInput)
  }
}
