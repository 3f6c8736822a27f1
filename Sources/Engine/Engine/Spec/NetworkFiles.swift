// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc

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

  static func isAddress(_ text: String) -> Bool {
    var address = in6_addr()
    var bare = text
    if bare.hasPrefix("["), bare.hasSuffix("]") { bare = String(bare.dropFirst().dropLast()) }
    return inet_pton(AF_INET6, bare, &address) == 1 || inet_pton(AF_INET, bare, &address) == 1
  }

  /// Writes the files of a container with a network of its own or the host's. Blocking.
  func write(_ config: ContainerConfig, _ host: HostConfig) throws(HullError) {
    try HostFiles.write(config.hostname + "\n", to: hostname)
    try HostFiles.write(NetworkFiles.hosts(config, host, ofHost: host.network.isHost ? HostFiles.text("/etc/hosts") : nil), to: hosts)
    try HostFiles.write(
      NetworkFiles.resolvConf(host, ofHost: HostFiles.text("/etc/resolv.conf") ?? "", sharesNetwork: host.network.isHost), to: resolvConf)
  }

  static func hosts(_ config: ContainerConfig, _ host: HostConfig, ofHost: String?) -> String {
    var text =
      ofHost ?? """
        127.0.0.1\tlocalhost
        ::1\tlocalhost ip6-localhost ip6-loopback
        fe00::\tip6-localnet
        ff00::\tip6-mcastprefix
        ff02::1\tip6-allnodes
        ff02::2\tip6-allrouters

        """
    if !text.hasSuffix("\n") { text += "\n" }
    for entry in host.extraHosts ?? [] {
      guard let colon = entry.firstIndex(of: ":") else { continue }
      var address = String(entry[entry.index(after: colon)...])
      // Without a bridge there is no gateway: the host is only reached where its network is shared.
      if address == "host-gateway" { address = "127.0.0.1" }
      if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
      text += "\(address)\t\(entry[..<colon])\n"
    }
    if ofHost == nil {
      let names = config.domainname.isEmpty ? config.hostname : "\(config.hostname).\(config.domainname) \(config.hostname)"
      text += "127.0.0.1\t\(names)\n"
    }
    return text
  }

  /// What was asked for over what the host has. A name server on the host's loopback cannot be reached from another network namespace.
  static func resolvConf(_ host: HostConfig, ofHost: String, sharesNetwork: Bool) -> String {
    var servers = host.dns ?? []
    var search = host.dnsSearch ?? []
    var options = host.dnsOptions ?? []
    for line in ofHost.split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
      guard let key = words.first, words.count > 1 else { continue }
      switch key {
      case "nameserver" where (host.dns ?? []).isEmpty && (sharesNetwork || !isLoopback(words[1])): servers.append(words[1])
      case "search" where (host.dnsSearch ?? []).isEmpty: search = Array(words.dropFirst())
      case "domain" where (host.dnsSearch ?? []).isEmpty && search.isEmpty: search = [words[1]]
      case "options" where (host.dnsOptions ?? []).isEmpty: options = Array(words.dropFirst())
      default: break
      }
    }
    search.removeAll { $0 == "." }
    var text = servers.map { "nameserver \($0)\n" }.joined()
    if !search.isEmpty { text += "search \(search.joined(separator: " "))\n" }
    if !options.isEmpty { text += "options \(options.joined(separator: " "))\n" }
    return text
  }

  private static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }
}
