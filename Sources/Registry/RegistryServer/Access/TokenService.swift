// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import Hummingbird
import OCISpec
import RegistryStore

/// `/token`: tokens for those who show a password, and for everybody what everybody may do (Docker's token authentication specification;
/// the `POST` form is its OAuth2 one).
struct TokenService: Sendable {
  private struct Answer: Encodable {
    let token: String
    let accessToken: String
    let expiresIn: Int
    let issuedAt: String

    enum CodingKeys: String, CodingKey {
      case token
      case accessToken = "access_token"
      case expiresIn = "expires_in"
      case issuedAt = "issued_at"
    }
  }

  let access: AccessControl
  let tokens: Tokens

  /// `GET /token?service=&scope=`, the password in the `Authorization` header.
  func get(_ request: Request) async throws -> Response {
    let scopes = (request.uri.query ?? "").split(separator: "&").filter { $0.hasPrefix("scope=") }.compactMap { Form.decode(String($0.dropFirst(6))) }
    return try await answer(try await access.principal(request), scopes)
  }

  /// `POST /token` with `grant_type=password`.
  func post(_ request: Request) async throws -> Response {
    let body = try await request.body.collect(upTo: 64 << 10)
    let form = Form(String(buffer: body))
    guard form["grant_type"] == "password", let name = form["username"], let password = form["password"] else {
      throw HullError(.invalidArgument, "only grant_type=password is supported")
    }
    let credentials = Data("\(name):\(password)".utf8).base64EncodedString()
    return try await answer(try await access.user(basic: credentials, "Basic \(credentials)"), form["scope"].map { [$0] } ?? [])
  }

  private func answer(_ user: Principal, _ scopes: [String]) async throws -> Response {
    let granted = scopes.flatMap { $0.split(separator: " ") }.prefix(64).compactMap { grant(String($0), user) }
    let token = try await tokens.sign(user: user.name, access: granted)
    let now = Int64(Date().timeIntervalSince1970) * 1_000_000_000
    return Response(json: Answer(token: token, accessToken: token, expiresIn: Tokens.life, issuedAt: RFC3339.text(nanoseconds: now)))
  }

  /// What of `repository:NAME:ACTION,ACTION` the user may do.
  private func grant(_ scope: String, _ user: Principal) -> TokenClaims.Access? {
    let parts = scope.split(separator: ":").map(String.init)
    guard parts.count >= 3, parts[0] == "repository", let name = try? RepositoryName(parts[1]) else { return nil }
    let asked = parts[2].split(separator: ",").map(String.init)
    let actions = Action.allCases.filter { action in
      (asked.contains(action.rawValue) || asked.contains("*")) && access.rules.allows(user.name, action, name)
    }
    return actions.isEmpty ? nil : TokenClaims.Access(type: "repository", name: name.description, actions: actions.map(\.rawValue))
  }
}

/// A form's fields (`application/x-www-form-urlencoded`).
struct Form {
  private var fields: [String: String] = [:]

  init(_ text: String) {
    for pair in text.split(separator: "&") {
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { Form.decode(String($0)) }
      if let name = halves[0] { fields[name] = halves.count == 2 ? halves[1] : "" }
    }
  }

  subscript(name: String) -> String? { fields[name] }

  static func decode(_ text: String) -> String? { Percent.decode(String(text.map { $0 == "+" ? " " : $0 })) }
}
