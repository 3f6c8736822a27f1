// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI
import EngineStore
import Errors

/// The three files by which a container knows its name and others': hostname, hosts, resolv.conf.
struct NetworkFiles: Sendable {
  var hostname: String
  var hosts: String
  var resolvConf: String

  init(_ paths: ContainerPaths) {
    hostname = paths.hostname
    hosts = paths.hosts
    resolvConf = paths.resolvConf
  }

  static func checkExtraHost(_ entry: String) throws(HullError) {
    guard let colon = entry.firstIndex(of: ":"), colon > entry.startIndex else {
      throw HullError(.invalidArgument, "bad format for add-host: \"\(entry)\"")
    }
    let address = String(entry[entry.index(after: colon)...])
    guard address == "host-gateway" || isAddress(address) else {
      throw HullError(.invalidArgument, "invalid IP address in add-host: \"\(address)\"")
    }
  }

  static func isAddress(_ text: String) -> Bool { IPAddress(text) != nil }

  /// Writes the files of a container with a network of its own, or the host's. Written in place: they are mounted in the container. Blocking.
  func write(_ record: ContainerRecord, connection: ConnectionRecord?, services: Services) throws(HullError) {
    let (config, host) = (record.definition.config, record.definition.hostConfig)
    try HostFiles.write(config.hostname + "\n", to: hostname)
    let links = connection == nil ? [] : try LegacyLinks(services: services, record: record).hosts()
    let hosts = HostsFile(config: config, host: host, connection: connection, links: links, services: services)
    try HostFiles.write(hosts.text(ofHost: host.network.isHost ? HostFiles.text("/etc/hosts") : nil), to: self.hosts)
    let plan = try connection.map { (connection) throws(HullError) in
      try PlanBuilder(services: services, record: record, connection: connection).plan()
    }
    try HostFiles.write(NetworkFiles.resolvConf(host, services.networkSettings, embedded: plan?.resolver != nil), to: resolvConf)
  }

  /// What was asked for over what the host has. A name server on the host's loopback cannot be reached from another network namespace.
  static func resolvConf(_ host: HostConfig, _ settings: NetworkConfiguration, embedded: Bool, ofHost: String? = HostFiles.text("/etc/resolv.conf"))
    -> String
  {
    let servers = NameServers(host: host, settings: settings, resolvConf: ofHost)
    if embedded {
      // As in Docker: a name without a dot is asked for as it is.
      let options = servers.options.contains { $0.hasPrefix("ndots:") } ? servers.options : servers.options + ["ndots:0"]
      return servers.text(["127.0.0.11"], options: options)
    }
    let addresses = host.network.isHost ? servers.addresses : servers.reachable
    return servers.text(addresses.map(\.description), options: servers.options)
  }
}

/// The text of a container's hosts(5).
struct HostsFile {
  let config: ContainerConfig
  let host: HostConfig
  let connection: ConnectionRecord?
  /// Whole lines.
  let links: [String]
  let services: Services

  func text(ofHost: String?) -> String {
    var text = ofHost ?? HostsFile.start
    if !text.hasSuffix("\n") { text += "\n" }
    for entry in host.extraHosts ?? [] { text += extra(entry) }
    for link in links { text += link }
    guard ofHost == nil else { return text }
    let addresses = (connection?.endpoints ?? []).flatMap(\.addresses).map(\.address.description)
    for address in addresses.isEmpty ? ["127.0.0.1"] : addresses { text += "\(address)\t\(names)\n" }
    return text
  }

  /// The whole name, and its first part.
  private var names: String {
    let whole = config.domainname.isEmpty ? config.hostname : "\(config.hostname).\(config.domainname)"
    return whole.firstIndex(of: ".").map { "\(whole) \(whole[..<$0])" } ?? whole
  }

  private static let start = """
    127.0.0.1\tlocalhost
    ::1\tlocalhost ip6-localhost ip6-loopback
    fe00::\tip6-localnet
    ff00::\tip6-mcastprefix
    ff02::1\tip6-allnodes
    ff02::2\tip6-allrouters

    """

  private func extra(_ entry: String) -> String {
    guard let colon = entry.firstIndex(of: ":") else { return "" }
    var addresses = [String(entry[entry.index(after: colon)...])]
    if addresses == ["host-gateway"] { addresses = services.hostGateways }
    return addresses.map { address in
      "\(address.hasPrefix("[") && address.hasSuffix("]") ? String(address.dropFirst().dropLast()) : address)\t\(entry[..<colon])\n"
    }.joined()
  }
}
