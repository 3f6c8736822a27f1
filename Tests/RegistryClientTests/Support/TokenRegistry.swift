// SPDX-License-Identifier: Apache-2.0
import Synchronization

@testable import RegistryClient

/// A registry that wants bearer tokens, and the token server that gives them; both count and remember.
final class TokenRegistry: Sendable {
  /// How long the tokens say that they hold; a minute when they do not say.
  private let lifetime: Int?
  private let given = Mutex<[String]>([])
  private let tokens = Mutex<FaultyServer?>(nil)
  private let registry = Mutex<FaultyServer?>(nil)

  var tokenRequests: [FaultyServer.Request] { tokens.withLock { $0?.requests ?? [] } }
  var requests: [FaultyServer.Request] { registry.withLock { $0?.requests ?? [] } }
  var host: String { registry.withLock { $0?.host ?? "" } }
  var realm: String { "http://\(tokens.withLock { $0?.host ?? "" })/token" }

  /// - Parameters:
  ///   - user: the one who is let in with `secret`; `nil`: anybody.
  ///   - handler: answers requests that come with a good token.
  init(user: String? = nil, lifetime: Int? = nil, _ handler: @escaping FaultyServer.Handler) async throws {
    self.lifetime = lifetime
    let tokens = try await FaultyServer { [unowned self] exchange in
      let form = String(decoding: exchange.request.body, as: UTF8.self)
      let isKnown = user.map { exchange.request.authorization == RegistryCredentials.basic($0, "secret") } ?? true
      guard isKnown || form.contains("refresh_token=identity") else {
        return try await exchange.answer(401, [:], #"{"details":"incorrect username or password"}"#)
      }
      try await exchange.answer(200, [:], issue(isOffline: exchange.request.query("offline_token") == "true"))
    }
    self.tokens.withLock { $0 = tokens }
    let registry = try await FaultyServer { [unowned self] exchange in
      guard let token = exchange.request.authorization?.dropFirst("Bearer ".count), isGood(String(token)) else {
        let scope = exchange.request.path == "/v2/" ? "" : #",scope="repository:a:pull""#
        return try await exchange.refuse(
          401, "UNAUTHORIZED", "authentication required", ["WWW-Authenticate": #"Bearer realm="\#(realm)",service="registry"\#(scope)"#])
      }
      try await handler(exchange)
    }
    self.registry.withLock { $0 = registry }
  }

  /// No token that was given until now is good any more.
  func revoke() { given.withLock { $0 = $0.map { _ in "" } } }

  private func isGood(_ token: String) -> Bool { given.withLock { $0.contains(token) } }

  private func issue(isOffline: Bool) -> String {
    let token = given.withLock { given in
      given.append("token\(given.count)")
      return given[given.count - 1]
    }
    let lifetime = lifetime.map { #","expires_in":\#($0)"# } ?? ""
    return #"{"token":"\#(token)"\#(lifetime)\#(isOffline ? #","refresh_token":"identity""# : "")}"#
  }
}

extension RegistryCredentials {
  /// The header of basic authentication.
  static func basic(_ user: String, _ password: String) -> String { RegistryCredentials(username: user, password: password).basic }
}
