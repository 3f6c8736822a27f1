// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import LaunchCompiler

/// The network of a new container: the host's, another container's, or one of its own with a loopback interface.
struct NetworkChoice {
  static let bridgeWarning = "bridge networking is not available yet: the container has a loopback interface only"
  static let portsWarning = "published ports are not available yet: the container's ports are not reachable"

  let services: Services

  /// Gives what inspect shows, by name. Replaces names of containers by their IDs.
  func networks(
    _ host: inout HostConfig, _ config: ContainerConfig, _ asked: NetworkingConfig, warnings: inout [String]
  ) throws(HullError) -> [String: EndpointSettings] {
    try check(host, config)
    host.networkMode = identified(host.networkMode, host.network)
    host.pidMode = identified(host.pidMode, host.pid)
    host.ipcMode = identified(host.ipcMode, host.ipc)
    if host.network.container != nil { return [:] }
    let name = host.isBridge || config.networkDisabled ? "bridge" : host.networkMode
    if host.isBridge {
      warnings.append(NetworkChoice.bridgeWarning)
      if !(host.portBindings ?? [:]).isEmpty || host.publishAllPorts { warnings.append(NetworkChoice.portsWarning) }
    }
    var endpoint = asked.endpointsConfig?[name] ?? EndpointSettings()
    // As in Docker a network that is not there is an error of the start: a client takes a 404 of the creation for a missing image.
    endpoint.networkID = PredefinedNetworks.find(name)?.id ?? ""
    return [name: endpoint]
  }

  private func check(_ host: HostConfig, _ config: ContainerConfig) throws(HullError) {
    func refuse(_ option: String, _ given: Bool) throws(HullError) {
      if given { throw HullError(.invalidArgument, "conflicting options: \(option)") }
    }
    if host.network.container != nil {
      try refuse("hostname and the network mode", !config.hostname.isEmpty)
      try refuse("dns and the network mode", !(host.dns ?? []).isEmpty)
      try refuse("custom host-to-IP mapping and the network mode", !(host.extraHosts ?? []).isEmpty)
      try refuse("port publishing and the container type network mode", !(host.portBindings ?? [:]).isEmpty || host.publishAllPorts)
      try refuse("port exposing and the container type network mode", !config.exposedPorts.isEmpty && host.publishAllPorts)
    }
    guard (host.links ?? []).isEmpty else {
      throw HullError(.unsupported, "links are not available yet: let the containers share a network with --network container:NAME")
    }
  }

  private func identified(_ text: String, _ mode: NamespaceMode) -> String {
    guard let name = mode.container, let other = try? services.registry.find(name) else { return text }
    return "container:" + other.id
  }
}

/// Paths that are hidden or read-only by default.
enum Defaults {
  static let maskedPaths = DefaultSpec.maskedPaths
  static let readonlyPaths = DefaultSpec.readonlyPaths
}
