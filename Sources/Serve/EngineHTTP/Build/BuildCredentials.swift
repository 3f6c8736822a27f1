// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Foundation

/// The header `X-Registry-Config`: credentials for the registries that a build may need.
struct BuildCredentials: Sendable, Equatable {
  private let logins: [String: RegistryLogin]

  /// As in Docker a header that cannot be read is one without credentials.
  init(header: String?) {
    guard let header, let bytes = Self.decode(header), let accounts = try? DockerJSON.decode([String: AuthRequest].self, from: bytes) else {
      logins = [:]
      return
    }
    var logins: [String: RegistryLogin] = [:]
    for (name, account) in accounts { if let login = Self.login(account) { logins[Self.host(of: name)] = login } }
    self.logins = logins
  }

  subscript(registry: String) -> RegistryLogin? { logins[Self.host(of: registry)] }

  /// `https://index.docker.io/v1/` and its like are the registry `docker.io`.
  private static func host(of name: String) -> String {
    var text = name[...]
    for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
    let host = String(text.prefix { $0 != "/" })
    return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
  }

  /// An identity token goes without a user name, as in BuildKit's sessions.
  private static func login(_ account: AuthRequest) -> RegistryLogin? {
    if !account.identityToken.isEmpty { return RegistryLogin(user: "", secret: account.identityToken) }
    if !account.username.isEmpty { return RegistryLogin(user: account.username, secret: account.password) }
    guard let pair = decode(account.auth).map({ String(decoding: $0, as: UTF8.self) }), let colon = pair.firstIndex(of: ":") else { return nil }
    return RegistryLogin(user: String(pair[..<colon]), secret: String(pair[pair.index(after: colon)...]))
  }

  /// Base64, with either alphabet, padded or not.
  private static func decode(_ text: String) -> Data? {
    var text = text.replacing("-", with: "+").replacing("_", with: "/")
    while !text.utf8.count.isMultiple(of: 4) { text += "=" }
    return text.isEmpty ? nil : Data(base64Encoded: text)
  }
}
