// SPDX-License-Identifier: Apache-2.0
import Errors
import Logging
import NIOCore
import OCISpec
import RegistryClient
import RegistryStore

/// Another registry whose contents are served here, under a prefix of names of their own or under all names.
package struct UpstreamSettings: Sendable {
  /// `hub`: `hub/library/busybox` is the upstream's `library/busybox`. Empty: every name.
  package var prefix: String
  /// `https://registry-1.docker.io`, `http://localhost:5000/mirror`
  package var url: String
  package var username = ""
  package var password = ""

  /// Reads `PREFIX=URL` or, for every name, `URL`. Credentials may stand in the URL.
  package init(parsing text: String) throws(HullError) {
    let halves = text.split(separator: "=", maxSplits: 1).map(String.init)
    let hasPrefix = halves.count == 2 && !halves[0].contains("://")
    try self.init(prefix: hasPrefix ? halves[0] : "", url: hasPrefix ? halves[1] : text)
  }

  package init(prefix: String, url: String) throws(HullError) {
    if !prefix.isEmpty { _ = try RepositoryName(prefix) }
    self.prefix = prefix
    guard let scheme = url.firstRange(of: "://"), let at = url.lastIndex(of: "@"), at > scheme.upperBound else {
      self.url = url
      return
    }
    let user = url[scheme.upperBound..<at].split(separator: ":", maxSplits: 1).map { Percent.decode(String($0)) ?? "" }
    self.url = String(url[..<scheme.upperBound] + url[url.index(after: at)...])
    username = user.first ?? ""
    password = user.count == 2 ? user[1] : ""
  }
}

/// An upstream, ready to be asked.
struct Upstream: Sendable {
  let prefix: String
  /// The registry's name in references: `docker.io`.
  let domain: String
  private let client: RegistryClient
  private let credentials: RegistryCredentials?

  init(_ settings: UpstreamSettings, group: any EventLoopGroup, logger: Logger) throws(HullError) {
    let address = try WebAddress(settings.url)
    let isHub = ["docker.io", "registry-1.docker.io", "index.docker.io"].contains(address.host)
    prefix = settings.prefix
    domain = isHub ? "docker.io" : address.authority
    var configuration = RegistriesConfiguration()
    let path = address.path.filter { $0 != "/" }
    if path.isEmpty {
      credentials = RegistryCredentials(username: settings.username, password: settings.password)
      if address.scheme == .http { configuration.insecure = [address.authority] }
    } else {
      let mirror = Mirror(address, username: settings.username, password: settings.password, insecure: address.scheme == .http)
      configuration.registries[domain] = RegistriesConfiguration.Registry(mirrors: [mirror])
      configuration.offline = true
      credentials = nil
    }
    var limits = ClientLimits()
    // In order: what has come is sent on while the rest comes.
    limits.connectionsPerBlob = 1
    limits.downloads = 16
    limits.downloadConnections = 16
    client = RegistryClient(configuration: configuration, userAgent: "hull-registry", group: group, limits: limits, logger: logger)
  }

  func owns(_ name: RepositoryName) -> Bool { prefix.isEmpty || name.description.hasPrefix(prefix + "/") }

  /// The repository there.
  func repository(_ name: RepositoryName) throws(HullError) -> Repository {
    let path = prefix.isEmpty ? name.description : String(name.description.dropFirst(prefix.utf8.count + 1))
    return client.repository(try Reference("\(domain)/\(path)"), credentials: credentials, access: .pull)
  }

  func shutdown() async { await client.shutdown() }
}
