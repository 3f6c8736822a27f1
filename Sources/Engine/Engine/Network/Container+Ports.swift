// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Networking
import Threads

extension Container {
  /// Publishes further ports, at once when it runs; they stay published after a restart.
  func addPorts(_ bindings: [String: [PortBinding]?]) async throws {
    try await lock.withLock {
      try checkPublishing()
      var definition = record.definition
      for (text, new) in bindings {
        let key = try PortKey(text).text
        var present = (definition.hostConfig.portBindings?[key] ?? nil) ?? []
        present += (new ?? []).isEmpty ? [PortBinding()] : new ?? []
        definition.hostConfig.portBindings = (definition.hostConfig.portBindings ?? [:]).merging([key: present]) { _, new in new }
      }
      var asked = HostConfig()
      asked.portBindings = bindings
      let wanted = try PortBindings(asked, config)
      try await change(to: definition) { (connection, live) throws(HullError) in
        let added = try PortChoice(services: connection.services, record: connection.record, connection: live).take(wanted)
        live.ports += added
        try connection.publish(added)
      }
    }
  }

  /// Takes a published port of the host back: `8080/tcp`.
  func removePort(_ text: String) async throws {
    try await lock.withLock {
      try checkPublishing()
      let key = try PortKey(text)
      let gone = (state.connection?.ports ?? []).filter { $0.hostPort == key.port && $0.key.hasSuffix("/" + key.transport.rawValue) }
      var definition = record.definition
      let left = try definition.hostConfig.portBindings.map { try PublishedBindings($0).without(key, live: gone) }
      guard left?.changed ?? false || !gone.isEmpty else {
        throw HullError(.notFound, "container \(record.name) publishes no port \(text): see 'docker port \(record.name)'")
      }
      definition.hostConfig.portBindings = left?.bindings
      try await change(to: definition) { (_, live) throws(HullError) in live.ports.removeAll { gone.contains($0) } }
      let connection = self.connection
      try await Blocking.run { connection.unpublish(gone) }
    }
  }

  private func checkPublishing() throws(HullError) {
    guard !removing, state.status != .dead else { throw HullError(.conflict, "container \(id) is marked for removal") }
    guard connection.hasInterfaces else {
      throw HullError(.conflict, "container \(record.name) has no network of its own: its ports are those of \(host.networkMode)")
    }
  }
}

/// What a container's definition publishes.
struct PublishedBindings {
  let bindings: [String: [PortBinding]?]

  init(_ bindings: [String: [PortBinding]?]) { self.bindings = bindings }

  /// Without those that lead from the host's port `key`, or to where the `live` ones lead. `changed`: whether there were any.
  func without(_ key: PortKey, live: [PortRecord]) throws(HullError) -> (bindings: [String: [PortBinding]?], changed: Bool) {
    var left: [String: [PortBinding]?] = [:]
    var changed = false
    for (text, list) in bindings {
      let keep = (list ?? []).filter { binding in
        let isNamed = binding.hostPort == String(key.port) && text.hasSuffix("/" + key.transport.rawValue)
        let isLive = (binding.hostPort.isEmpty || binding.hostPort == "0") && live.contains { $0.key == text }
        return !isNamed && !isLive
      }
      if keep.count != (list ?? []).count { changed = true }
      if !keep.isEmpty || (list ?? []).isEmpty { left[text] = keep }
    }
    return (left, changed)
  }
}

extension Engine {
  /// `POST /hull/containers/{id}/ports`, Hull's own.
  package func publishPorts(_ reference: String, _ request: PortsRequest) async throws {
    let container = try find(reference)
    guard let bindings = request.portBindings, !bindings.isEmpty else { throw HullError(.invalidArgument, "no port is named: use PortBindings") }
    try await uncancelled { try await container.addPorts(bindings) }
  }

  /// `DELETE /hull/containers/{id}/ports?port=8080/tcp`, Hull's own.
  package func unpublishPort(_ reference: String, port: String) async throws {
    let container = try find(reference)
    try await uncancelled { try await container.removePort(port) }
  }

  /// `GET /hull/containers/{id}/exposure`, Hull's own.
  package func exposure(_ reference: String) async throws -> [PortExposure] {
    let view = try find(reference).view
    let services = self.services
    let connection = ContainerConnection(services: services, record: view.record)
    return try await Blocking.run {
      let ports = (view.state.connection?.ports ?? []).compactMap { record in connection.published(record).map { (record, $0) } }
      guard !ports.isEmpty else { return [] }
      return zip(ports, try services.hostNetwork.exposure(of: ports.map(\.1))).map { PortExposure(view.record.name, $0.0, $1) }
    }
  }
}

extension PortExposure {
  init(_ container: String, _ port: PortRecord, _ exposure: Exposure) {
    self.init()
    self.container = container
    privatePort = Int(port.port)
    type = port.key.split(separator: "/").last.map(String.init) ?? ""
    hostIP = port.hostAddress
    hostPort = Int(port.hostPort)
    filter = exposure.filters.joined(separator: ", ")
    switch exposure.reach {
    case .hostOnly: reach = "host"
    case .everyone: reach = "everyone"
    case .address(let address, let interface):
      reach = "network"
      self.address = interface.map { "\(address) on \($0)" } ?? "\(address), which this host does not have now"
    }
  }
}
