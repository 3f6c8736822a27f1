// SPDX-License-Identifier: Apache-2.0
import Errors

/// Where registries are reached: mirrors, TLS, proxies, and whether anything outside may be asked at all.
package struct RegistriesConfiguration: Sendable, Hashable {
  /// What is said about one registry.
  package struct Registry: Sendable, Hashable {
    /// Asked before the registry, in this order.
    package var mirrors: [Mirror]
    package var tls: TLSFiles
    /// Plain HTTP and unverified TLS are fine.
    package var insecure: Bool

    package init(mirrors: [Mirror] = [], tls: TLSFiles = TLSFiles(), insecure: Bool = false) {
      self.mirrors = mirrors
      self.tls = tls
      self.insecure = insecure
    }
  }

  /// By host as references name it (`docker.io`, `registry.example:5000`); `*` is for those that have no entry.
  package var registries: [String: Registry] = [:]
  /// Hosts, addresses and prefixes where plain HTTP and unverified TLS are fine. Loopback always is.
  package var insecure: [String] = []
  /// Never go outside: only mirrors are asked, and the registries in `local`.
  package var offline = false
  /// Registries that are asked although `offline` is set.
  package var local: [String] = []
  package var proxies = ProxySettings()
  /// Directories that hold `<host[:port]>/*.crt` (authorities) and `<host[:port]>/*.cert` with `*.key` (who this machine is), as Docker reads them.
  package var certificateDirectories = ["/etc/hull/certs.d", "/etc/docker/certs.d"]

  /// Every registry directly, over TLS.
  package init() {}

  /// One more mirror of Docker's hub: the daemon's `--registry-mirror`. Throws `invalidArgument`.
  package mutating func addHubMirror(_ url: String) throws(HullError) {
    registries[RegistryHost.hub, default: Registry()].mirrors.append(Mirror(try WebAddress(url)))
  }

  /// What is said about a registry: its own entry, or that of all others.
  func registry(_ domain: String) -> Registry { registries[domain] ?? registries["*"] ?? Registry() }

  /// Plain HTTP and unverified TLS are fine for a host because somebody said so.
  func isDeclaredInsecure(host: String, port: Int) -> Bool {
    insecure.contains { HostPattern($0).matches(host: host, port: port) }
  }
}
