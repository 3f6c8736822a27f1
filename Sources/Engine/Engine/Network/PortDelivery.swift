// SPDX-License-Identifier: Apache-2.0
import Errors
import Networking

/// How packets from other hosts come to published ports.
package enum PortDelivery: String, Sendable, CaseIterable {
  /// As `local` where the host filters what it receives, else as `forward`.
  case auto
  /// The kernel sends them on to the workload: the fastest way, past the host's rules for what it receives (input), not past those for what
  /// it sends on (forward).
  case forward
  /// The host receives them by its own rules, and the shim relays them.
  case local
}

/// Keeps the packet rules in force and the way to published ports as the host's own firewall asks for.
extension HostNetwork {
  /// Whether the shims relay what comes from other hosts.
  var deliversLocally: Bool { firewall.current.localDelivery }

  /// Whether it should be so now. Reads the host's rules.
  func wantsLocalDelivery() throws(HullError) -> Bool {
    let host = try HostFirewall.read(excluding: [firewall.table])
    seen.withLock { $0 = host }
    return switch settings.delivery {
    case .forward: false
    case .local: true
    case .auto: host.filtersInput
    }
  }

  /// For `docker info`: what the host sends on, it may not send on for containers.
  var forwardWarning: String? {
    let filters = seen.withLock { $0.forward }
    guard !filters.isEmpty else { return nil }
    return "WARNING: the host's firewall may drop what containers send and receive (\(filters.joined(separator: ", "))): let their bridges through"
  }

  /// Brings it about; `true` when it was otherwise: the shims must be told then.
  func adaptDelivery() throws(HullError) -> Bool {
    let local = try wantsLocalDelivery()
    guard local != deliversLocally else { return false }
    if local { try AnswerRouting.set(mark: firewall.current.answerMark) }
    try firewall.deliver(locally: local)
    if !local { try AnswerRouting.remove(mark: firewall.current.answerMark) }
    log.notice("\(local ? "the host's firewall filters what it receives: published ports obey it" : "published ports are reached directly")")
    return true
  }

  /// After somebody else has changed the host's packet rules. `true`: the shims must be told of another way to published ports.
  func review() -> Bool {
    do throws(HullError) {
      guard isFiltering else { return false }
      if try firewall.restore() { log.notice("the packet rules of table \(firewall.table) had been removed: they are back") }
      return try adaptDelivery()
    } catch {
      log.error("the packet rules cannot be reviewed: \(error)")
      return false
    }
  }
}

extension Container {
  /// Tells the shim of a running container how it is connected now.
  func renewPlan() async {
    await lock.withLock {
      guard state.status == .running || state.status == .paused, let live = state.connection, !live.ports.isEmpty else { return }
      do {
        try await runningShim().call(.network(try PlanBuilder(services: services, record: record, connection: live).plan()))
      } catch { services.log.error("container \(id): its published ports cannot be renewed: \(error)") }
    }
  }
}
