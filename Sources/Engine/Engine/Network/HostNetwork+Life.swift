// SPDX-License-Identifier: Apache-2.0
import Errors
import Networking
import Synchronization

/// Start and end of the daemon.
extension HostNetwork {
  /// After a start: what the networks need stands, rules and ports are as the running containers have them, and nothing else is left.
  func restore(_ networks: [Network], ports: [PublishedPort]) throws(HullError) {
    let needed = networks.filter { $0.addresses != nil && !($0.isPredefined && $0.all.isEmpty) }
    var state = FirewallState(ports: ports)
    for network in needed {
      do throws(HullError) {
        let device = try network.isBridge ? makeBridge(network) : ParentDriver.ensure(network.options.parent, id: network.id)
        if network.isBridge { state.networks.append(network.rules) }
        if network.hasNames { try writeZone(network) }
        ready.withLock { $0[network.id] = device }
      } catch { log.error("network \(network.name) cannot be set up: \(error)") }
    }
    guard !state.networks.isEmpty else { return }
    let bridges = Set(state.networks.map(\.bridge))
    state.ports.removeAll { !bridges.contains($0.bridge) }
    try install(state)
    filters.withLock { $0 = true }
  }

  /// Removes what stands on the host for these networks; they are set up again at the next start.
  func withdraw(_ networks: [Network]) {
    for network in networks where ready.withLock({ $0[network.id] != nil }) {
      do throws(HullError) {
        if network.isBridge {
          try BridgeDriver.remove(name: network.options.bridge, id: network.id)
        } else {
          try ParentDriver.remove(parent(of: network), id: network.id)
        }
      } catch { log.error("network \(network.name): \(error)") }
    }
    watch.withLock { $0?.stop() }
    if deliversLocally { try? AnswerRouting.remove(mark: firewall.current.answerMark) }
    if isFiltering { try? firewall.removeTable() }
  }
}
