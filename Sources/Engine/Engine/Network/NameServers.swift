// SPDX-License-Identifier: Apache-2.0
import Addressing
import DockerAPI

/// Which name servers, search domains and options a container uses: what was asked for over what the daemon and the host have.
struct NameServers {
  /// In the host's words; also such that a container cannot reach.
  private(set) var addresses: [IPAddress]
  private(set) var search: [String]
  private(set) var options: [String]
  private let areTheHosts: Bool

  init(host: HostConfig, settings: NetworkConfiguration, resolvConf: String? = HostFiles.text("/etc/resolv.conf")) {
    let own = ResolvConf(resolvConf ?? "")
    let asked = (host.dns ?? []).compactMap { IPAddress($0) }
    addresses = !asked.isEmpty ? asked : !settings.nameServers.isEmpty ? settings.nameServers : own.servers
    areTheHosts = asked.isEmpty && settings.nameServers.isEmpty
    search = (host.dnsSearch ?? []).isEmpty ? own.search : (host.dnsSearch ?? []).filter { $0 != "." }
    options = (host.dnsOptions ?? []).isEmpty ? own.options : host.dnsOptions ?? []
  }

  /// Nobody but a process on the host reaches the host's loopback.
  var needsForwarder: Bool { areTheHosts && !addresses.isEmpty && reachable.isEmpty }

  var reachable: [IPAddress] { areTheHosts ? addresses.filter { !$0.isLoopback } : addresses }

  /// resolv.conf(5) with these servers.
  func text(_ servers: [String], options: [String]) -> String {
    var text = servers.map { "nameserver \($0)\n" }.joined()
    if !search.isEmpty { text += "search \(search.joined(separator: " "))\n" }
    if !options.isEmpty { text += "options \(options.joined(separator: " "))\n" }
    return text
  }
}

/// What resolv.conf(5) says.
struct ResolvConf {
  var servers: [IPAddress] = []
  var search: [String] = []
  var options: [String] = []

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
      guard let key = words.first, words.count > 1 else { continue }
      switch key {
      case "nameserver":
        // A zone of the host's interfaces means nothing elsewhere.
        if let address = IPAddress(words[1].split(separator: "%").first.map(String.init) ?? "") { servers.append(address) }
      case "search": search = Array(words.dropFirst())
      case "domain" where search.isEmpty: search = [words[1]]
      case "options": options = Array(words.dropFirst())
      default: break
      }
    }
    search.removeAll { $0 == "." }
  }
}
