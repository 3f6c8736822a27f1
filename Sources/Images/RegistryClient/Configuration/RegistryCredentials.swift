// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials

/// What a client gives to be let in by a registry: the fields of Docker's `X-Registry-Auth` header.
package struct RegistryCredentials: Sendable, Hashable {
  package var username: String
  package var password: String
  /// A refresh token that the registry's token server gave at login; takes the place of the password.
  package var identityToken: String
  /// A bearer token that is sent to the registry as it is.
  package var registryToken: String
  /// The registry they are for: `localhost:5000`, `https://index.docker.io/v1/`; empty when the request says it.
  package var serverAddress: String

  package init(username: String = "", password: String = "", identityToken: String = "", registryToken: String = "", serverAddress: String = "") {
    self.username = username
    self.password = password
    self.identityToken = identityToken
    self.registryToken = registryToken
    self.serverAddress = serverAddress
  }

  /// Reads the header `X-Registry-Auth`: JSON in base64url, with or without padding. Throws `invalidArgument`.
  package init(header: String) throws(HullError) {
    self = try RegistryCredentials.decode(AuthConfig.self, header, name: "X-Registry-Auth").credentials
  }

  /// There is nothing in them: the registry is asked as anybody.
  package var isEmpty: Bool { username.isEmpty && password.isEmpty && identityToken.isEmpty && registryToken.isEmpty }

  /// Reads the JSON in a header of Docker's.
  static func decode<Value: Decodable>(_ type: Value.Type, _ header: String, name: String) throws(HullError) -> Value {
    do {
      guard let json = Data(base64Encoded: standardBase64(header)) else {
        throw HullError(.invalidArgument, "invalid \(name) header: must be a valid base64url encoded string")
      }
      return try JSONDecoder().decode(type, from: json)
    } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.invalidArgument, "invalid \(name) header: must be valid JSON")
    }
  }

  /// The alphabet and padding that the decoder knows.
  private static func standardBase64(_ text: String) -> String {
    var standard = text.filter { $0 != "=" }.replacing("-", with: "+").replacing("_", with: "/")
    while standard.utf8.count % 4 != 0 { standard.append("=") }
    return standard
  }
}

/// Credentials by registry: Docker's `X-Registry-Config` header.
package struct RegistryKeychain: Sendable, Hashable {
  private let entries: [String: RegistryCredentials]

  package init(_ entries: [String: RegistryCredentials] = [:]) { self.entries = entries }

  /// Reads the header: an object in base64url whose keys are server addresses. Throws `invalidArgument`.
  package init(header: String) throws(HullError) {
    entries = try RegistryCredentials.decode([String: AuthConfig].self, header, name: "X-Registry-Config").mapValues(\.credentials)
  }

  /// What is for the registry `host` (`docker.io`, `localhost:5000`), under its own name or any address of it.
  package subscript(host: String) -> RegistryCredentials? {
    let wanted = RegistryHost.canonical(host)
    return entries[host] ?? entries.sorted { $0.key < $1.key }.first { RegistryHost.canonical($0.key) == wanted }?.value
  }
}

/// Docker's JSON for credentials.
private struct AuthConfig: Decodable {
  var username: String?
  var password: String?
  /// `user:password` in base64, as the client's configuration file has it.
  var auth: String?
  var identitytoken: String?
  var registrytoken: String?
  var serveraddress: String?

  var credentials: RegistryCredentials {
    var credentials = RegistryCredentials(
      username: username ?? "", password: password ?? "", identityToken: identitytoken ?? "", registryToken: registrytoken ?? "",
      serverAddress: serveraddress ?? "")
    if credentials.username.isEmpty, let auth, let bytes = Data(base64Encoded: auth) {
      let halves = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      if halves.count == 2 { (credentials.username, credentials.password) = (String(halves[0]), String(halves[1])) }
    }
    return credentials
  }
}
