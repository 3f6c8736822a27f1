// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore

/// What lists and inspect show of a container's networks.
extension ContainerView {
  /// What was asked for, completed with what the running container has.
  var networks: [String: EndpointSettings] {
    var networks: [String: EndpointSettings] = [:]
    for (name, asked) in record.definition.networks {
      var settings = asked
      settings.complete(state.connection?.endpoints.first { $0.network == name })
      if !PredefinedNetworks.exists(name) { settings.dnsNames = EndpointNames.names(record, settings: asked) }
      networks[name] = settings
    }
    return networks
  }

  /// Exposed and published ports: `nil` for those that are not published.
  var portMap: [String: [PortBinding]?] {
    var map: [String: [PortBinding]?] = [:]
    for port in config.exposedPorts.keys { map[port] = .some(nil) }
    for port in state.connection?.ports ?? [] {
      var binding = PortBinding()
      binding.hostIP = port.hostAddress
      binding.hostPort = String(port.hostPort)
      map[port.key] = ((map[port.key] ?? nil) ?? []) + [binding]
    }
    return map
  }

  /// The same as a list, as `docker ps` shows it.
  var portList: [PortSummary] {
    var list: [PortSummary] = []
    for (key, bindings) in portMap.sorted(by: { $0.key < $1.key }) {
      guard let parsed = try? PortKey(key) else { continue }
      var port = PortSummary()
      port.privatePort = Int(parsed.port)
      port.type = parsed.transport.rawValue
      guard let bindings else {
        list.append(port)
        continue
      }
      for binding in bindings {
        port.ip = binding.hostIP
        port.publicPort = Int(binding.hostPort) ?? 0
        list.append(port)
      }
    }
    return list
  }
}

extension EndpointSettings {
  fileprivate mutating func complete(_ endpoint: EndpointRecord?) {
    guard let endpoint else { return }
    networkID = endpoint.networkID
    endpointID = endpoint.id
    macAddress = endpoint.mac
    gateway = endpoint.gateway4 ?? ""
    ipv6Gateway = endpoint.gateway6 ?? ""
    if let prefix = endpoint.ipv4.flatMap({ IPPrefix($0) }) { (ipAddress, ipPrefixLen) = (prefix.address.description, prefix.length) }
    if let prefix = endpoint.ipv6.flatMap({ IPPrefix($0) }) { (globalIPv6Address, globalIPv6PrefixLen) = (prefix.address.description, prefix.length) }
  }
}

extension DockerAPI.NetworkSettings {
  /// What older clients look at: the end in the default network.
  mutating func fillOld(_ endpoint: EndpointSettings) {
    endpointID = endpoint.endpointID
    gateway = endpoint.gateway
    globalIPv6Address = endpoint.globalIPv6Address
    globalIPv6PrefixLen = endpoint.globalIPv6PrefixLen
    ipAddress = endpoint.ipAddress
    ipPrefixLen = endpoint.ipPrefixLen
    ipv6Gateway = endpoint.ipv6Gateway
    macAddress = endpoint.macAddress
  }
}
