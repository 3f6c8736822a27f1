// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Networking
import Threads

/// Makes and removes networks: the row in the database, and what stands on the host. With the registry's lock held.
struct NetworkLife {
  let services: Services

  init(_ services: Services) { self.services = services }

  func create(_ request: NetworkCreateRequest) async throws -> Network {
    let services = self.services
    let network = try await Blocking.run { try Network(try NetworkCreation(services: services, request: request).record()) }
    // First the row: what stands on the host without one is swept away at the next start.
    try await services.networkStore.insert(network.record)
    do {
      try await Blocking.run { try services.hostNetwork.make(network) }
    } catch {
      try? await services.networkStore.delete(network.id)
      throw error
    }
    services.networks.add(network)
    event("create", network)
    return network
  }

  func remove(_ network: Network) async throws {
    let services = self.services
    if network.definition.configOnly, let user = services.networks.all.first(where: { $0.definition.configFrom == network.name }) {
      throw HullError(.forbidden, "configuration network \"\(network.name)\" is in use by network \(user.name)")
    }
    try network.close()
    do {
      try await Blocking.run { try services.hostNetwork.remove(network) }
      try await services.networkStore.delete(network.id)
    } catch {
      network.reopen()
      throw error
    }
    services.networks.remove(network)
    event("destroy", network)
  }

  private func event(_ action: String, _ network: Network) {
    services.events.publish("network", action, id: network.id, attributes: ["name": network.name, "type": network.definition.driver])
  }
}

extension Services {
  /// The names of the networks that containers are connected to, running or not.
  var usedNetworks: Set<String> { Set(registry.all.flatMap { $0.view.record.definition.networks.keys }) }
}
