// SPDX-License-Identifier: Apache-2.0

/// Which registry is meant, and under which name its account is kept.
enum RegistryName {
  /// Docker Hub's key in `config.json`.
  static let hub = "https://index.docker.io/v1/"

  /// The registry of an image's name: what stands before the first slash when it looks like a host, else Docker Hub.
  static func ofImage(_ name: String) -> String {
    guard let (first, _) = Text.cut(name, "/") else { return hub }
    let isHost = first.contains(".") || first.contains(":") || first == "localhost" || first.contains(where: \.isUppercase)
    return isHost ? key(first) : hub
  }

  /// The key of a registry as people write it: without a scheme and a path; Docker Hub's under all of its names.
  static func key(_ server: String) -> String {
    let host = hostname(server)
    return ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(host) ? hub : host
  }

  /// `host[:port]` of an address.
  static func hostname(_ address: String) -> String {
    var rest = address[...]
    for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
    return String(rest.prefix { $0 != "/" })
  }
}
