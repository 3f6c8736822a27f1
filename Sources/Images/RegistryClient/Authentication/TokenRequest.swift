// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import NIOHTTP1
import OCISpec

/// What a token is asked for with. Tokens that are asked for with the same are the same.
struct TokenRequest: Sendable, Hashable {
  let realm: WebAddress
  let service: String
  let scopes: [Scope]
  let credentials: RegistryCredentials
  /// Ask for an identity token too: at login.
  var offline = false

  /// The request (Docker's token authentication specification; with an identity token its OAuth2 variant).
  func call(patience: Duration) -> Call {
    var call = credentials.identityToken.isEmpty ? get : post
    call.headers.replaceOrAdd(name: "Accept", value: "application/json")
    call.patience = patience
    return call
  }

  private static let client = "hull"

  private var get: Call {
    var address = realm
    if !service.isEmpty { address = address.adding("service", service) }
    for scope in scopes { address = address.adding("scope", scope.text) }
    if offline { address = address.adding("offline_token", "true").adding("client_id", TokenRequest.client) }
    var call = Call(.GET, address)
    if !credentials.username.isEmpty {
      call.address = address.adding("account", credentials.username)
      call.authorization = credentials.basic
    }
    return call
  }

  private var post: Call {
    var form = [
      ("grant_type", "refresh_token"), ("service", service), ("client_id", TokenRequest.client), ("refresh_token", credentials.identityToken),
    ]
    if !scopes.isEmpty { form.append(("scope", scopes.map(\.text).joined(separator: " "))) }
    if offline { form.append(("access_type", "offline")) }
    var call = Call(.POST, realm)
    call.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
    call.body = .bytes(Array(form.map { "\($0)=\(WebAddress.escaped($1))" }.joined(separator: "&").utf8))
    return call
  }
}

/// What a token server gave.
struct Token: Sendable {
  let value: String
  /// When it is too old to begin something with.
  let expires: ContinuousClock.Instant
  /// The identity token, where one was asked for and given.
  let identityToken: String

  /// Reads a token server's answer. Throws a reason.
  init(json: [UInt8], now: ContinuousClock.Instant = .now) throws(HullError) {
    guard let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(json)) else {
      throw HullError(.internalError, "the token server's answer is not the JSON that the specification asks for")
    }
    let value = [answer.token, answer.access_token].compactMap(\.self).first { !$0.isEmpty }
    guard let value else { throw HullError(.internalError, "authorization server did not include a token in the response") }
    guard value.utf8.count <= Token.longest, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw HullError(.internalError, "the token server gave a token that is longer than \(Token.longest) bytes or cannot stand in a header")
    }
    self.value = value
    identityToken = answer.refresh_token ?? ""
    // Without a number it is a minute, as the specification says; the last seconds are not used, so that it holds until it has arrived.
    let seconds = min(max(answer.expires_in ?? 60, 10), 24 * 3600)
    expires = now + .seconds(seconds - min(10, seconds / 4))
  }

  private static let longest = 64 << 10
}

/// The fields of the specification.
private struct TokenAnswer: Decodable {
  var token: String?
  var access_token: String?
  var refresh_token: String?
  var expires_in: Double?
}

extension RegistryCredentials {
  /// The header of basic authentication (RFC 7617).
  var basic: String { "Basic \(Data("\(username):\(password)".utf8).base64EncodedString())" }
}
