// SPDX-License-Identifier: Apache-2.0
import Addressing
import Errors
import NamespaceSupport
import Testing

@testable import Networking

/// The table as the kernel has it, in a namespace of the test.
@Suite struct FirewallTests {
  private let namespace: TestNamespace
  private let firewall: Firewall
  private let red = FirewallNetwork(bridge: "red", subnets: [prefix("172.31.1.0/24"), prefix("fd01::/64")])
  private let web = [
    published("0.0.0.0", 80, "172.31.1.2", 8080), published("::", 80, "fd01::2", 8080), published("127.0.0.1", 90, "172.31.1.2", 9090),
  ]

  init() throws {
    namespace = try TestNamespace()
    firewall = try Firewall(table: "hull-test")
  }

  private func list(_ table: String = "inet hull-test") throws -> String {
    try namespace.run { try NFTables.run("list table \(table)", "list") }
  }

  @discardableResult
  private func run<Value: Sendable>(_ body: @escaping @Sendable (Firewall) throws -> Value) throws -> Value {
    let firewall = firewall
    return try namespace.run { try body(firewall) }
  }

  /// The table that a state gives when it is written as a whole.
  private func whole(_ state: FirewallState) throws -> String {
    let namespace = try TestNamespace()
    return try namespace.run {
      let firewall = try Firewall(table: "hull-test")
      try firewall.replace(state)
      return try NFTables.run("list table inet hull-test", "list")
    }
  }

  @Test func stepByStepGivesTheSameTableAsAtOnce() throws {
    let (red, web) = (red, web)
    try run {
      try $0.replace(FirewallState())
      try $0.add(red)
      try $0.add(Array(web.prefix(2)))
      try $0.add(web)
    }
    #expect(try list() == whole(FirewallState(networks: [red], ports: web)))
    try run {
      try $0.remove([web[1]])
      try $0.remove([web[1]])
    }
    #expect(try list() == whole(FirewallState(networks: [red], ports: [web[0], web[2]])))
    try run { try $0.remove(bridge: "red") }
    #expect(try list() == whole(FirewallState()))
  }

  @Test func aNetworkThatChangesTakesItsPortsAlong() throws {
    let (red, web) = (red, web)
    var routed = red
    routed.mode4 = .routed
    try run { [routed] in
      try $0.replace(FirewallState(networks: [red], ports: web))
      try $0.add(routed)
    }
    #expect(try list() == whole(FirewallState(networks: [routed], ports: web)))
  }

  @Test func aTableThatSomebodyFlushedComesBack() throws {
    let (red, web) = (red, web)
    let state = FirewallState(networks: [red], ports: web)
    try run { try $0.replace(FirewallState(networks: [red], ports: [web[0]])) }
    try namespace.nft("flush ruleset")
    try run { try $0.add(Array(web[1...])) }
    #expect(try list() == whole(state))
    try namespace.nft("flush ruleset")
    #expect(try run { try $0.restore() })
    #expect(try run { try $0.restore() } == false)
    #expect(try list() == whole(state))
    try namespace.nft("delete element inet hull-test bridges { \"red\" }")
    try run { try $0.remove([web[0]]) }
    try run { try $0.add([web[0]]) }
    #expect(try list().contains("tcp . 80 : 172.31.1.2 . 8080"))
  }

  @Test func tablesLiveSideBySideAndLeaveNothing() throws {
    try namespace.nft("add table inet own; add chain inet own input { type filter hook input priority 0; policy drop; }")
    let before = try list("inet own")
    let red = red
    try run { first in
      let second = try Firewall(table: "hull-other")
      try second.replace(FirewallState(networks: [red]))
      try first.replace(FirewallState(networks: [red]))
      try first.removeTable()
      try first.removeTable()
    }
    #expect(try namespace.run { try NFTables.run("list tables", "list") } == "table inet own\ntable inet hull-other\n")
    #expect(try list("inet own") == before)
  }

  @Test func manyThreadsMayPublishAtOnce() async throws {
    let (red, firewall, namespace) = (red, firewall, namespace)
    try run { try $0.replace(FirewallState(networks: [red])) }
    let ports = (0..<64).map { published("0.0.0.0", UInt16(9000 + $0), "172.31.1.2", 80) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for port in ports { group.addTask { try namespace.run { try firewall.add([port]) } } }
      try await group.waitForAll()
    }
    #expect(try list() == whole(FirewallState(networks: [red], ports: ports)))
  }

  @Test func aPortWithTwoTargetsIsRefused() throws {
    let (red, web) = (red, web)
    try run { try $0.replace(FirewallState(networks: [red], ports: web)) }
    let other = published("0.0.0.0", 80, "172.31.1.9", 8080)
    let error = failure { try run { try $0.add([published("0.0.0.0", 81, "172.31.1.9", 81), other]) } }
    #expect(error?.code == .conflict)
    #expect(error?.message == "port 0.0.0.0:80/tcp is published already for 172.31.1.2:8080")
    #expect(firewall.current.ports == web)
  }

  @Test func namesThatAreNoNamesNeverReachTheKernel() throws {
    #expect(failure { _ = try Firewall(table: "hull; flush ruleset") }?.code == .invalidArgument)
    #expect(failure { _ = try Firewall(table: "") }?.code == .invalidArgument)
    for bridge in ["", "a\"b", "a b", "a\nflush ruleset", "a*"] {
      let network = FirewallNetwork(bridge: bridge, subnets: [])
      #expect(failure { try run { try $0.add(network) } }?.code == .invalidArgument)
    }
  }

  @Test func anErrorNamesTheTableAndTheReason() throws {
    let overlapping = FirewallState(networks: [red, FirewallNetwork(bridge: "blue", subnets: [prefix("172.31.1.0/25")])])
    let error = failure { try run { try $0.replace(overlapping) } }
    #expect(error?.message.hasPrefix("cannot change the firewall table hull-test: ") == true)
    #expect(error?.message.contains("conflicting intervals") == true)
  }

  /// The chains of a listed table, without its sets.
  private func chains(_ listed: String) -> Substring { listed[(listed.range(of: "\tchain ")?.lowerBound ?? listed.startIndex)...] }

  @Test func thePortOfManyCostsAsMuchAsTheFirst() throws {
    let networks = (0..<100).map { FirewallNetwork(bridge: "br-\($0)", subnets: [IPPrefix(address("10.0.0.0").advanced(by: UInt128($0) * 256), 24)]) }
    let ports = (0..<500).map { number in
      PublishedPort(
        .tcp, host: (address("0.0.0.0"), UInt16(20000 + number)),
        target: (address("10.0.0.2").advanced(by: UInt128(number % 100) * 256), 80), bridge: "br-\(number % 100)")
    }
    let (few, many) = (FirewallState(networks: [networks[0]], ports: [ports[0]]), FirewallState(networks: networks, ports: ports))
    #expect(try chains(whole(few)) == chains(whole(many)), "ports are elements of sets: no rule is added for one")
    let script = FirewallScript(table: "hull-test")
    let byBridge = Dictionary(uniqueKeysWithValues: networks.map { ($0.bridge, $0) })
    let first = script.addition([], [ports[0]], in: byBridge)
    let last = script.addition([], [ports[499]], in: byBridge)
    #expect(first.split(separator: "\n").count == last.split(separator: "\n").count && last.count < first.count + 40)
  }
}
