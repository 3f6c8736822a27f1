// SPDX-License-Identifier: Apache-2.0
import Errors
import Synchronization

/// The packet rules of one engine: one nftables table of family `inet`, and never another one.
///
/// What this table accepts, every other table of the host can still drop. It holds in memory what the table should contain: when the table
/// was changed or removed by somebody else (a reload of the host's own firewall flushes everything), the next change writes all of it.
/// Acts in the calling thread's network namespace. Thread-safe.
package final class Firewall: Sendable {
  private let script: FirewallScript
  private let state = Mutex(FirewallState())

  /// `table`: letters, digits, `-` and `_`, a letter first; different for engines that live side by side. Throws `invalidArgument`.
  package init(table: String = "hull") throws(HullError) {
    guard table.utf8.allSatisfy({ $0.isNameCharacter }), table.first?.isLetter == true, table.utf8.count <= 64 else {
      throw HullError(.invalidArgument, "firewall table \(table): letters, digits, - and _, a letter first")
    }
    script = FirewallScript(table: table)
  }

  package var table: String { script.table }

  /// Puts exactly this into force, at once, whatever was there: a packet meets the old rules or the new ones. Blocking.
  package func replace(_ new: FirewallState) throws(HullError) {
    try Self.check(new.networks)
    try state.withLock { state throws(HullError) in
      try run(script.replacement(new))
      state = new
    }
  }

  /// Changes who gets what comes from other hosts to published ports: the host itself, or at once the workload. Blocking.
  package func deliver(locally: Bool) throws(HullError) {
    try change { state in
      state.localDelivery = locally
      return nil
    }
  }

  /// Adds a network, or puts one in the place of that with the same bridge. Blocking.
  package func add(_ network: FirewallNetwork) throws(HullError) {
    try Self.check([network])
    try change { state in
      let old = state.networks.filter { $0.bridge == network.bridge }
      state.networks.removeAll { $0.bridge == network.bridge }
      state.networks.append(network)
      // The ports of a network depend on its mode.
      if !old.isEmpty && old != [network] { return nil }
      return script.addition([network], [], in: [:])
    }
  }

  /// Removes the network of a bridge and the ports of its workloads; one that is not there is fine. Blocking.
  package func remove(bridge: String) throws(HullError) {
    var ports: [PublishedPort] = []
    try change { state in
      let networks = state.networks.filter { $0.bridge == bridge }
      ports = state.ports.filter { $0.bridge == bridge }
      state.networks.removeAll { $0.bridge == bridge }
      state.ports.removeAll { $0.bridge == bridge }
      return script.subtraction(networks, ports, in: networks.byBridge)
    }
    Flows.forget(ports)
  }

  /// Publishes ports, all or none, also for those who send datagrams to them already. Throws `conflict` when one of them is published
  /// already with another target. Blocking.
  package func add(_ ports: [PublishedPort]) throws(HullError) {
    try change { state throws(HullError) in
      let known = Set(state.ports)
      let new = ports.filter { !known.contains($0) }
      if let other = state.ports.first(where: { old in new.contains { $0.isSameOnHost(old) } }) {
        throw HullError(
          .conflict,
          "port \(other.hostAddress.withBrackets):\(other.hostPort)/\(other.transport.rawValue) is published already for \(other.address.withBrackets):\(other.port)"
        )
      }
      state.ports += new
      return new.isEmpty ? "" : script.addition([], new, in: state.networks.byBridge)
    }
    Flows.forget(ports)
  }

  /// Takes ports back; those that are not published are fine. Blocking.
  package func remove(_ ports: [PublishedPort]) throws(HullError) {
    try change { state in
      let gone = Set(ports)
      state.ports.removeAll { gone.contains($0) }
      return script.subtraction([], ports, in: state.networks.byBridge)
    }
    Flows.forget(ports)
  }

  /// Puts the table back when somebody else removed it; `true` when it was missing. Blocking.
  package func restore() throws(HullError) -> Bool {
    try state.withLock { state throws(HullError) in
      if (try? NFTables.run("list chain inet \(table) published", "")) != nil { return false }
      try run(script.replacement(state))
      return true
    }
  }

  /// Removes the table: nothing of it is left in the kernel. Blocking.
  package func removeTable() throws(HullError) {
    try state.withLock { state throws(HullError) in
      try run(script.removal)
      state = FirewallState(localDelivery: state.localDelivery)
    }
  }

  /// What should be in force.
  package var current: FirewallState { state.withLock { $0 } }

  /// Applies a change as elements; `nil`, or elements that the table does not take, as a whole. On failure everything is as before.
  private func change(_ body: (inout FirewallState) throws(HullError) -> String?) throws(HullError) {
    try state.withLock { state throws(HullError) in
      var new = state
      let elements = try body(&new)
      if elements == nil || (elements != "" && (try? run(elements ?? "")) == nil) { try run(script.replacement(new)) }
      state = new
    }
  }

  private func run(_ text: String) throws(HullError) { try NFTables.run(text, "cannot change the firewall table \(table)") }

  private static func check(_ networks: [FirewallNetwork]) throws(HullError) {
    for network in networks
    where network.bridge.isEmpty || network.bridge.utf8.contains(where: { $0 <= 0x20 || $0 == 0x22 || $0 == 0x2A || $0 == 0x7F }) {
      throw HullError(.invalidArgument, "bridge name \(network.bridge) cannot be used in firewall rules")
    }
  }
}

extension PublishedPort {
  fileprivate func isSameOnHost(_ other: PublishedPort) -> Bool {
    transport == other.transport && hostPort == other.hostPort && hostAddress == other.hostAddress
  }
}

extension [FirewallNetwork] {
  fileprivate var byBridge: [String: FirewallNetwork] { Dictionary(map { ($0.bridge, $0) }, uniquingKeysWith: { first, _ in first }) }
}

extension UInt8 {
  fileprivate var isNameCharacter: Bool { (0x61...0x7A).contains(self | 0x20) || (0x30...0x39).contains(self) || self == 0x2D || self == 0x5F }
}
