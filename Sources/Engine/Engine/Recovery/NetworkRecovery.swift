// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Networking

/// Brings the networks back after a start. Blocking.
struct NetworkRecovery: Sendable {
  let services: Services

  /// Before any container: who they are and which subnets they hold.
  func load() throws(HullError) {
    for name in ["host", "none"] { services.networks.add(try Network(PredefinedNetworks.unmanaged(name, created: services.opened))) }
    for record in try services.networkStore.networks() { services.networks.add(try Network(record)) }
    if services.networks.named("bridge") == nil || !isCurrent { try addBridge() }
    for name in HostFiles.names(in: services.paths.networks) where services.networks.network(id: String(name.prefix(64))) == nil {
      try? HostFiles.remove(services.paths.networks + "/" + name)
    }
  }

  /// After the containers: what runs keeps its connections, and what stands on the host is as they need it.
  func restore() throws(HullError) {
    let views = services.registry.all.map(\.view)
    let ports = views.flatMap { view in
      (view.state.connection?.ports ?? []).compactMap { ContainerConnection(services: services, record: view.record).published($0) }
    }
    do throws(HullError) { try services.hostNetwork.restore(services.networks.all, ports: ports) } catch {
      services.log.error("the packet rules cannot be set up: published ports are reached from this host only: \(error)")
    }
  }

  /// Whether the default network is what the command line says.
  private var isCurrent: Bool {
    guard let network = services.networks.named("bridge") else { return false }
    let settings = services.networkSettings
    return network.options.bridge == settings.bridge && network.definition.ipv6 == settings.ipv6
      && (settings.bridgeAddress.map { network.addresses?.gateways.contains($0) ?? false } ?? true)
      && network.definition.options[NetworkOptions.Key.mtu] == String(settings.mtu)
      && network.definition.options[NetworkOptions.Key.bindIPv4] == settings.bindAddress
  }

  private func addBridge() throws(HullError) {
    if let old = services.networks.named("bridge") {
      services.networks.remove(old)
      try services.networkStore.deleteNow(old.id)
    }
    let pools = AddressPools(services.networkSettings.pools + [.uniqueLocal(globalID: services.uniqueLocalID)])
    let record = try PredefinedNetworks.bridge(
      services.networkSettings, pools: pools, avoiding: services.networks.taken + services.hostNetwork.taken())
    try services.networkStore.insertNow(record)
    services.networks.add(try Network(record))
  }
}
