// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import EngineStore
import Errors
import Networking

extension Engine {
  /// `GET /networks`. `type` is `builtin` or `custom`.
  package func listNetworks(filters: Filters) async throws -> [NetworkInspect] {
    let query = try NetworkQuery(filters, accepted: ["dangling", "driver", "id", "label", "name", "scope", "type"])
    return services.networks.all.filter { query.matches($0, services) }.map {
      var answer = NetworkInspect($0)
      answer.containers = [:]
      return answer
    }
  }

  /// `GET /networks/{id}`.
  package func inspectNetwork(_ reference: String) async throws -> NetworkInspect { NetworkInspect(try services.networks.find(reference)) }

  /// `POST /networks/create`.
  package func createNetwork(_ request: NetworkCreateRequest) async throws -> NetworkCreateResponse {
    let services = self.services
    return try await uncancelled {
      try await services.networks.lock.withLock {
        let network = try await NetworkLife(services).create(request)
        var response = NetworkCreateResponse()
        response.id = network.id
        return response
      }
    }
  }

  /// `DELETE /networks/{id}`.
  package func removeNetwork(_ reference: String) async throws {
    let services = self.services
    try await uncancelled {
      try await services.networks.lock.withLock {
        let network = try services.networks.find(reference)
        guard !network.isPredefined else { throw HullError(.forbidden, "\(network.name) is a pre-defined network and cannot be removed") }
        try await NetworkLife(services).remove(network)
      }
    }
  }

  /// `POST /networks/prune`: networks that no container has, running or not.
  package func pruneNetworks(filters: Filters) async throws -> NetworksPruneReport {
    try filters.validate(accepted: ["label", "label!", "until"])
    let until = try PruneTime.parse(filters)
    let services = self.services
    return try await uncancelled {
      try await services.networks.lock.withLock {
        var deleted: [String] = []
        let used = services.usedNetworks
        for network in services.networks.all where !network.isPredefined && !used.contains(network.name) && !network.definition.configOnly {
          let labels = network.definition.labels
          guard until.map({ network.record.created < $0 }) ?? true, filters.matchLabels(labels),
            !filters.contains("label!") || !filters.matchLabels(labels, key: "label!")
          else { continue }
          do {
            try await NetworkLife(services).remove(network)
            deleted.append(network.name)
          } catch let error as HullError where error.code == .forbidden {}
        }
        var report = NetworksPruneReport()
        report.networksDeleted = deleted.isEmpty ? nil : deleted
        services.events.publish("network", "prune", id: "", attributes: ["reclaimed": "0"])
        return report
      }
    }
  }

  /// `POST /networks/{id}/connect`.
  package func connectNetwork(_ reference: String, _ request: NetworkConnectRequest) async throws {
    let network = try services.networks.find(reference)
    guard !request.container.isEmpty else { throw HullError(.invalidArgument, "invalid container name or ID: it is empty") }
    let container = try find(request.container)
    let settings = request.endpointConfig ?? EndpointSettings()
    try await uncancelled { try await container.connect(to: network, settings) }
  }

  /// `POST /networks/{id}/disconnect`.
  package func disconnectNetwork(_ reference: String, _ request: NetworkDisconnectRequest) async throws {
    let network = try services.networks.find(reference)
    let force = request.force
    let container = try find(request.container)
    try await uncancelled { try await container.disconnect(from: network, force: force) }
  }
}

/// Which networks a list shows.
struct NetworkQuery {
  private let filters: Filters
  private let dangling: Bool?

  init(_ filters: Filters, accepted: Set<String>) throws(HullError) {
    try filters.validate(accepted: accepted)
    self.filters = filters
    dangling = filters.contains("dangling") ? try filters.bool("dangling", default: false) : nil
    for type in filters["type"] where !["builtin", "custom"].contains(type) {
      throw HullError(.invalidArgument, "invalid filter: 'type'='\(type)'")
    }
  }

  func matches(_ network: Network, _ services: Services) -> Bool {
    any("name") { NamePattern($0).matches(network.name) } && any("id") { NamePattern($0).matches(network.id) }
      && any("driver") { network.definition.driver == $0 } && any("scope") { $0 == "local" }
      && any("type") { ($0 == "builtin") == network.isPredefined } && filters.matchLabels(network.definition.labels)
      && (dangling.map { $0 == (!network.isPredefined && !services.usedNetworks.contains(network.name)) } ?? true)
  }

  private func any(_ key: String, _ test: (String) -> Bool) -> Bool {
    let values = filters[key]
    return values.isEmpty || values.contains(where: test)
  }
}

extension NetworkInspect {
  init(_ network: Network) {
    self.init()
    let definition = network.definition
    name = network.name
    id = network.id
    created = Timestamp.text(network.record.created)
    scope = "local"
    driver = definition.driver
    enableIPv4 = definition.ipv4
    enableIPv6 = definition.ipv6
    ipam.driver = definition.ipamDriver
    ipam.options = definition.ipamOptions
    ipam.config = network.subnets.map { subnet in
      var config = IPAMConfig(subnet.record)
      if config.gateway.isEmpty {
        config.gateway = network.addresses?.gateways.first { subnet.subnet.contains($0.address) }?.address.description ?? ""
      }
      return config
    }
    ipam.config = (ipam.config ?? []).sorted { !$0.subnet.contains(":") && $1.subnet.contains(":") }
    if definition.configOnly { ipam.config = definition.subnets.map { IPAMConfig($0) } }
    self.internal = definition.isInternal
    attachable = definition.attachable
    configFrom.network = definition.configFrom
    configOnly = definition.configOnly
    options = definition.options
    labels = definition.labels
    for member in network.all { containers[member.containerID] = NetworkContainer(member) }
  }
}

extension NetworkContainer {
  init(_ member: NetworkMember) {
    self.init()
    name = member.name
    endpointID = member.endpoint.id
    macAddress = member.endpoint.mac
    ipv4Address = member.endpoint.ipv4 ?? ""
    ipv6Address = member.endpoint.ipv6 ?? ""
  }
}
