// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import ShimProtocol
import Threads

extension Container {
  var connection: ContainerConnection { ContainerConnection(services: services, record: record) }

  /// Connects it to a network, at once when it runs.
  func connect(to network: Network, _ settings: EndpointSettings) async throws {
    try await lock.withLock {
      guard !removing, state.status != .dead else {
        throw HullError(.conflict, "container \(id) is marked for removal and cannot be connected or disconnected to the network")
      }
      try checkConnectable(network)
      try EndpointChoice.check(settings, in: network)
      var settings = settings
      settings.networkID = network.id
      if settings.macAddress.isEmpty, network.name == host.networkMode { settings.macAddress = config.macAddress }
      try checkLinks(settings.links ?? [])
      var definition = record.definition
      definition.networks[network.name] = settings
      try await change(to: definition) { (connection, live) throws(HullError) in
        live.endpoints.append(try connection.enter(network.name, among: live))
      }
    }
  }

  /// Takes it out of a network.
  func disconnect(from network: Network, force: Bool) async throws {
    try await lock.withLock {
      guard force || (!removing && state.status != .dead) else {
        throw HullError(.conflict, "container \(id) is marked for removal and cannot be connected or disconnected to the network")
      }
      if host.network.isHost || network.definition.driver == "host" {
        throw HullError(.invalidArgument, "container cannot be disconnected from host network or connected to host network")
      }
      guard record.definition.networks[network.name] != nil else {
        throw HullError(.forbidden, "container \(id) is not connected to network \(network.name)")
      }
      var definition = record.definition
      definition.networks[network.name] = nil
      let left = state.connection?.endpoints.first { $0.networkID == network.id }
      try await change(to: definition) { _, live in live.endpoints.removeAll { $0.networkID == network.id } }
      if let left {
        let connection = self.connection
        try await Blocking.run { connection.leave(left) }
      }
    }
  }

  private func checkConnectable(_ network: Network) throws(HullError) {
    if host.network.container != nil {
      throw HullError(.invalidArgument, "container sharing network namespace with another container or host cannot be connected to any other network")
    }
    if host.network.isHost || network.definition.driver == "host" {
      throw HullError(.invalidArgument, "container cannot be disconnected from host network or connected to host network")
    }
    if host.network.isNone || network.definition.driver == "null" {
      throw HullError(.invalidArgument, "container cannot be connected to multiple networks with one of the networks in private (none) mode")
    }
    guard !network.definition.configOnly else {
      throw HullError(.forbidden, "cannot connect container to network \(network.name): it only holds a configuration")
    }
    // Of a container that does not run the settings are replaced.
    guard !state.status.isRunning || record.definition.networks[network.name] == nil else {
      throw HullError(.forbidden, "endpoint with name \(record.name) already exists in network \(network.name)")
    }
  }

  /// Whom they lead to need not be there yet.
  private func checkLinks(_ links: [String]) throws(HullError) {
    for text in links {
      if Link(text) == nil { throw HullError(.invalidArgument, "invalid link \"\(text)\": use NAME or NAME:ALIAS") }
    }
  }

  /// Brings the definition, the container's interfaces and its files to a new state: all of it, or nothing.
  func change(
    to definition: ContainerDefinition, _ adapt: @escaping @Sendable (ContainerConnection, inout ConnectionRecord) throws(HullError) -> Void
  ) async throws {
    guard state.status == .running || state.status == .paused, let before = state.connection else {
      try await services.store.save(definition, of: id)
      record.definition = definition
      return
    }
    var changed = record
    changed.definition = definition
    let (services, paths, old) = (services, paths, record)
    let new = changed
    let connection = ContainerConnection(services: services, record: new)
    let live = try await Blocking.run {
      var live = before
      do throws(HullError) { try adapt(connection, &live) } catch {
        connection.forget(live, unlike: before)
        throw error
      }
      do throws(HullError) { try connection.reassignPorts(&live) } catch {
        connection.forget(live, unlike: before)
        throw error
      }
      return live
    }
    do {
      let plan = try PlanBuilder(services: services, record: new, connection: live).plan()
      try await runningShim().call(.network(plan))
      var after = state
      after.connection = live
      try await services.store.save(after, definition, of: id)
      record = ContainerRecord(id: id, name: record.name, created: created, definition: definition, state: after)
      try await Blocking.run {
        try connection.writeZones(of: live.endpoints)
        try NetworkFiles(paths).write(new, connection: live, services: services)
      }
    } catch {
      try? await Blocking.run {
        let undo = ContainerConnection(services: services, record: old)
        connection.forget(live, unlike: before)
        undo.retake(before)
      }
      throw error
    }
  }
}

extension ContainerConnection {
  /// What `live` has and `before` has not is given back.
  func forget(_ live: ConnectionRecord, unlike before: ConnectionRecord) {
    unpublish(live.ports.filter { !before.ports.contains($0) })
    for endpoint in live.endpoints where !before.endpoints.contains(endpoint) { leave(endpoint) }
  }

  /// Published ports follow the endpoint that has the default route: after a change they may lead to another address.
  func reassignPorts(_ live: inout ConnectionRecord) throws(HullError) {
    let choice = PortChoice(services: services, record: record, connection: live)
    let moved = try choice.moved(live.ports)
    guard moved != live.ports else { return }
    try services.hostNetwork.unpublish(live.ports.compactMap(published))
    live.ports = moved
    try publish(moved)
  }
}
