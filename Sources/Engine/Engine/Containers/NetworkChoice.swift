// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors
import LaunchCompiler

/// The networks of a new container: the host's, another container's, or its own place in one or several.
struct NetworkChoice {
  let services: Services

  /// Gives what was asked for, by the networks' names. Replaces names of containers by their IDs.
  func networks(
    _ host: inout HostConfig, _ config: ContainerConfig, _ asked: NetworkingConfig
  ) throws(HullError) -> [String: EndpointSettings] {
    try check(host, config)
    _ = try PortBindings(host, config)
    host.networkMode = identified(host.networkMode, host.network)
    host.pidMode = identified(host.pidMode, host.pid)
    host.ipcMode = identified(host.ipcMode, host.ipc)
    if host.network.container != nil { return [:] }
    var endpoints: [String: EndpointSettings] = [:]
    for (reference, settings) in asked.endpointsConfig ?? [:] {
      let (name, id) = identity(reference)
      guard endpoints[name] == nil else { throw HullError(.invalidArgument, "network \(name) is named twice") }
      endpoints[name] = settings
      endpoints[name]?.networkID = id
    }
    let (first, id) = identity(host.isBridge || config.networkDisabled ? "bridge" : host.networkMode)
    var main = endpoints[first] ?? EndpointSettings()
    main.networkID = id
    if main.macAddress.isEmpty { main.macAddress = config.macAddress }
    // The docker CLI sends them twice.
    if !host.isBridge, let links = host.links { main.links = (main.links ?? []) + links.filter { !(main.links ?? []).contains($0) } }
    endpoints[first] = main
    for (name, settings) in endpoints { try check(settings, of: name) }
    if host.network.isHost || host.network.isNone, endpoints.count > 1 {
      throw HullError(
        .invalidArgument,
        "container cannot be connected to network \(endpoints.keys.sorted().first { $0 != first } ?? ""): its network mode is \(host.networkMode)")
    }
    for text in host.links ?? [] { try LinkChoice(services: services).check(text, host) }
    return endpoints
  }

  /// As in Docker a network that is not there is an error of the start: a client takes a 404 of the creation for a missing image.
  private func identity(_ reference: String) -> (name: String, id: String) {
    guard let network = try? services.networks.find(reference) else { return (reference, "") }
    return (network.name, network.id)
  }

  private func check(_ settings: EndpointSettings, of name: String) throws(HullError) {
    if !settings.macAddress.isEmpty, MACAddress(settings.macAddress) == nil {
      throw HullError(.invalidArgument, "invalid MAC address: \(settings.macAddress)")
    }
    if let network = services.networks.named(name) { try EndpointChoice.check(settings, in: network) }
    _ = try EndpointSysctls.parse(settings.driverOpts ?? [:])
  }

  private func check(_ host: HostConfig, _ config: ContainerConfig) throws(HullError) {
    func refuse(_ option: String, _ given: Bool) throws(HullError) {
      if given { throw HullError(.invalidArgument, "conflicting options: \(option)") }
    }
    try refuse("hostname and the UTS mode", host.utsMode == "host" && !config.hostname.isEmpty)
    if host.network.container != nil {
      try refuse("hostname and the network mode", !config.hostname.isEmpty)
      try refuse("dns and the network mode", !(host.dns ?? []).isEmpty)
      try refuse("custom host-to-IP mapping and the network mode", !(host.extraHosts ?? []).isEmpty)
      try refuse("port publishing and the container type network mode", !(host.portBindings ?? [:]).isEmpty || host.publishAllPorts)
      try refuse("port exposing and the container type network mode", !config.exposedPorts.isEmpty && host.publishAllPorts)
    }
    if host.network.isHost && !(host.links ?? []).isEmpty {
      throw HullError(.invalidArgument, "conflicting options: host type networking can't be used with links. This would result in undefined behavior")
    }
    if host.network.container != nil {
      try refuse("container type network can't be used with links. This would result in undefined behavior", !(host.links ?? []).isEmpty)
    }
  }

  private func identified(_ text: String, _ mode: NamespaceMode) -> String {
    guard let name = mode.container, let other = try? services.registry.find(name) else { return text }
    return "container:" + other.id
  }
}

/// The links of a new container. They lead to containers that are there already, for good: so they never lead in a circle.
struct LinkChoice {
  let services: Services

  /// `nil`: none, or those of other networks, which are names only.
  func links(_ host: HostConfig) throws(HullError) -> [LinkRecord]? {
    guard host.isBridge else { return nil }
    var links: [LinkRecord] = []
    for text in host.links ?? [] {
      let (other, alias) = try target(text)
      // As in Docker an alias that is there already wins.
      if !links.contains(where: { $0.alias == alias }) { links.append(LinkRecord(id: other.record.id, name: other.record.name, alias: alias)) }
    }
    return links.isEmpty ? nil : links
  }

  /// In networks of one's own a link is a name, of whoever has it when it is asked for.
  func check(_ text: String, _ host: HostConfig) throws(HullError) {
    if host.isBridge { _ = try target(text) } else if Link(text) == nil { throw invalid(text) }
  }

  private func invalid(_ text: String) -> HullError { HullError(.invalidArgument, "invalid link \"\(text)\": use NAME or NAME:ALIAS") }

  /// The container whose network a link leads to.
  func target(_ text: String) throws(HullError) -> (container: ContainerView, alias: String) {
    guard let link = Link(text) else { throw invalid(text) }
    var view = try find(link.target)
    while let other = view.host.network.container { view = try find(other) }
    if view.host.network.isHost {
      throw HullError(.invalidArgument, "conflicting options: host type networking can't be used with links. This would result in undefined behavior")
    }
    return (view, link.alias)
  }

  /// Not a 404, which a client would take for a missing image.
  private func find(_ reference: String) throws(HullError) -> ContainerView {
    guard let container = try? services.registry.find(reference) else {
      throw HullError(.invalidArgument, "could not get container for \(reference): No such container: \(reference)")
    }
    return container.view
  }
}

/// Paths that are hidden or read-only by default.
enum Defaults {
  static let maskedPaths = DefaultSpec.maskedPaths
  static let readonlyPaths = DefaultSpec.readonlyPaths
}
