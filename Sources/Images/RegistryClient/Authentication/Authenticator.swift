// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Synchronization
import Threads

/// Who asks, and for what.
struct Identity: Sendable, Hashable {
  var credentials: RegistryCredentials?
  var scopes: [Scope]
  /// Ask for an identity token: at login.
  var offline = false
}

/// Finds the `Authorization` that a registry wants, and keeps tokens until they are too old.
final class Authenticator: Sendable {
  private struct State {
    /// How an origin lets people in, as it last said.
    var challenges: [String: [Challenge]] = [:]
    var tokens: [TokenRequest: Token] = [:]
    /// One request at a time for each realm: whoever waited finds the token.
    var gates: [WebAddress: AsyncLimiter] = [:]

    /// Keeps memory bounded, whatever realms and scopes registries think of.
    mutating func forgetOld() {
      tokens = tokens.filter { $0.value.expires > .now }
      if tokens.count >= Authenticator.most { tokens = [:] }
      if gates.count >= Authenticator.most { gates = [:] }
      if challenges.count >= Authenticator.most { challenges = [:] }
    }
  }

  private static let most = 500

  private let transport: Transport
  private let limits: ClientLimits
  private let state = Mutex(State())

  init(transport: Transport, limits: ClientLimits) {
    self.transport = transport
    self.limits = limits
  }

  /// What to send without having been asked for it; `nil`: nothing.
  func authorization(for call: Call, _ identity: Identity) async throws -> String? {
    if let token = identity.credentials?.registryToken, !token.isEmpty { return "Bearer \(token)" }
    guard let challenges = state.withLock({ $0.challenges[call.address.origin] }) else { return nil }
    do { return try await answer(challenges, for: call, identity, refused: nil) } catch is PlaceFailure {
      // It may want nothing any more, or something else: that is for the registry to say.
      state.withLock { $0.challenges[call.address.origin] = nil }
      return nil
    }
  }

  /// What to send after a 401; `nil`: there is nothing else that could be sent.
  func authorization(after answer: Answer, _ identity: Identity) async throws -> String? {
    let challenges = Challenge.parse(answer.headers["www-authenticate"])
    guard !challenges.isEmpty, (identity.credentials?.registryToken ?? "").isEmpty else { return nil }
    state.withLock { $0.challenges[answer.call.address.origin] = challenges.map(\.withoutScope) }
    return try await self.answer(challenges, for: answer.call, identity, refused: answer.call.authorization)
  }

  /// The token that came with the last answer to such a request, for its identity token.
  func identityToken(for identity: Identity) -> String {
    state.withLock { state in
      state.tokens.first { $0.key.credentials == identity.credentials && $0.key.offline }?.value.identityToken ?? ""
    }
  }

  private func answer(_ challenges: [Challenge], for call: Call, _ identity: Identity, refused: String?) async throws -> String? {
    if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
      let request = try await tokenRequest(bearer, for: call, identity)
      let header = "Bearer \(try await token(request, for: call, refused: refused).value)"
      return header
    }
    guard challenges.contains(where: { $0.scheme == "basic" }) else {
      throw PlaceFailure(.denied, "\(call.described): unknown authentication \(quoted(challenges[0].scheme))")
    }
    guard let credentials = identity.credentials, !credentials.username.isEmpty else {
      throw PlaceFailure(.denied, "\(call.described): no basic auth credentials", code: "UNAUTHORIZED")
    }
    return credentials.basic == refused ? nil : credentials.basic
  }

  private func tokenRequest(_ challenge: Challenge, for call: Call, _ identity: Identity) async throws -> TokenRequest {
    func failure(_ reason: String) -> PlaceFailure { PlaceFailure(.misbehaved, "\(call.described): its token server: \(reason)") }
    let realm: WebAddress
    do throws(HullError) { realm = try WebAddress(challenge.parameters["realm"] ?? "") } catch { throw failure(error.message) }
    if realm.scheme == .http, call.address.scheme == .https, try await !transport.policy(of: Call(.GET, realm)).insecure {
      throw failure("\(realm.origin) is plain HTTP, and would see the credentials: the registry must name an https address")
    }
    return TokenRequest(
      realm: realm, service: challenge.parameters["service"] ?? "",
      scopes: Scope.merged(identity.scopes + Scope.parse(challenge.parameters["scope"] ?? "")),
      credentials: identity.credentials ?? RegistryCredentials(),
      offline: identity.offline)
  }

  /// A token that is not the refused one: from memory, or from the server.
  private func token(_ request: TokenRequest, for call: Call, refused: String?) async throws -> Token {
    if let token = remembered(request, refused: refused) { return token }
    let gate = state.withLock { state in
      let gate = state.gates[request.realm] ?? AsyncLimiter(1)
      state.gates[request.realm] = gate
      return gate
    }
    return try await gate.run {
      if let token = remembered(request, refused: refused) { return token }
      let token = try await fetch(request, for: call)
      state.withLock { state in
        state.forgetOld()
        state.tokens[request] = token
      }
      return token
    }
  }

  private func remembered(_ request: TokenRequest, refused: String?) -> Token? {
    state.withLock { state in
      guard let token = state.tokens[request], token.expires > .now, "Bearer \(token.value)" != refused else { return nil }
      return token
    }
  }

  private func fetch(_ request: TokenRequest, for call: Call) async throws -> Token {
    do {
      let answer = try await transport.send(request.call(patience: limits.stallTimeout))
      guard answer.isSuccess else { throw await answer.failure(limits) }
      return try Token(json: try await answer.bytes(limit: 1 << 20, stall: limits.stallTimeout))
    } catch let failure as PlaceFailure {
      throw failure.prefixed(call.described)
    } catch let error as HullError {
      throw PlaceFailure(.misbehaved, "\(call.described): \(request.realm.origin): \(error.message)")
    }
  }
}

extension Challenge {
  /// Without what is about one request only.
  fileprivate var withoutScope: Challenge {
    Challenge(scheme: scheme, parameters: parameters.filter { $0.key != "scope" && $0.key != "error" })
  }
}
