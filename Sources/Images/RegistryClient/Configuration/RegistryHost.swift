// SPDX-License-Identifier: Apache-2.0

/// The names under which people know a registry, and where it really is.
package enum RegistryHost {
  /// The registry that a name without a host means.
  package static let hub = "docker.io"

  /// The host of a server address, `docker.io` for all names of Docker's hub: `https://index.docker.io/v1/` is `docker.io`.
  package static func canonical(_ address: String) -> String {
    var host = Substring(address)
    for scheme in ["https://", "http://"] where host.hasPrefix(scheme) { host = host.dropFirst(scheme.count) }
    host = host.prefix { $0 != "/" }
    return ["index.docker.io", "registry-1.docker.io", "docker.io", ""].contains(host) ? hub : host.lowercased()
  }

  /// The host that serves a registry's API.
  static func api(_ domain: String) -> String { domain == hub ? "registry-1.docker.io" : domain }
}
