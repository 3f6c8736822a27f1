// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import Glibc
import JWTKit
import LinuxSystem
import OCISpec
import RegistryStore

/// What a token says (Docker's token authentication specification, "Token format").
struct TokenClaims: JWTPayload {
  struct Access: Codable, Sendable {
    let type: String
    let name: String
    let actions: [String]
  }

  let iss: IssuerClaim?
  let sub: SubjectClaim?
  let aud: AudienceClaim
  let exp: ExpirationClaim
  let nbf: NotBeforeClaim?
  let iat: IssuedAtClaim?
  let access: [Access]?

  func verify(using algorithm: some JWTAlgorithm) throws {
    try exp.verifyNotExpired()
    try nbf?.verifyNotBefore(currentDate: Date().addingTimeInterval(60))
  }

  var grants: [String: Set<Action>] {
    var grants: [String: Set<Action>] = [:]
    for entry in access ?? [] where entry.type == "repository" {
      let actions = entry.actions.contains("*") ? Set(Action.allCases) : Set(entry.actions.compactMap(Action.init))
      grants[entry.name, default: []].formUnion(actions)
    }
    return grants
  }
}

/// Where tokens come from and how they are recognised.
package struct TokenSettings: Sendable {
  /// Where clients get tokens; nil: here, at `/token`.
  package var realm: String?
  package var service: String
  /// Nil: our own.
  package var issuer: String?
  /// A file with public keys, JWKS or PEM; nil: only our own key counts.
  package var keys: String?
  package init(service: String = "hull-registry") { self.service = service }
}

/// Signs tokens with the registry's own key, and recognises those and an external server's.
final class Tokens: Sendable {
  /// Seconds that a token is good for.
  static let life = 300
  let settings: TokenSettings
  private let keys: JWTKeyCollection
  private static let issuer = "hull-registry"

  /// Makes the registry's own key at the first start; only its owner can read it.
  init(root: String, settings: TokenSettings) async throws {
    self.settings = settings
    keys = JWTKeyCollection()
    if let path = settings.keys {
      try await Tokens.addKeys(path, to: keys)
    } else {
      await keys.add(ecdsa: try Tokens.ownKey(root + "/token.pem"))
    }
  }

  /// Whether `/token` is served here.
  var isOwn: Bool { settings.realm == nil }

  func sign(user: String?, access: [TokenClaims.Access]) async throws -> String {
    let now = Date()
    let claims = TokenClaims(
      iss: IssuerClaim(value: Tokens.issuer), sub: SubjectClaim(value: user ?? ""), aud: AudienceClaim(value: settings.service),
      exp: ExpirationClaim(value: now.addingTimeInterval(Double(Tokens.life))), nbf: NotBeforeClaim(value: now.addingTimeInterval(-10)),
      iat: IssuedAtClaim(value: now), access: access)
    return try await keys.sign(claims)
  }

  /// Who a token stands for, and until when. Throws `UNAUTHORIZED`.
  func verify(_ token: String) async throws(HullError) -> (principal: Principal, expires: Date) {
    do {
      let claims = try await keys.verify(token, as: TokenClaims.self)
      try claims.aud.verifyIntendedAudience(includes: settings.service)
      if settings.keys == nil || settings.issuer != nil, claims.iss?.value != settings.issuer ?? Tokens.issuer {
        throw HullError(.needsLogin, "the token is of another issuer")
      }
      let user = claims.sub.flatMap { $0.value.isEmpty ? nil : $0.value }
      return (Principal(name: user, grants: claims.grants), claims.exp.value)
    } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.needsLogin, "the token is not valid (any more): log in again")
    }
  }

  private static func ownKey(_ path: String) throws -> ES256PrivateKey {
    if let text = try? Files.readText(path) { return try ES256PrivateKey(pem: text) }
    let key = ES256PrivateKey()
    let file = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    try Files.writeAll(file.number, Array((key.pemRepresentation + "\n").utf8), name: path)
    return key
  }

  private static func addKeys(_ path: String, to keys: JWTKeyCollection) async throws {
    let text: String
    do { text = try Files.readText(path) } catch { throw HullError(.invalidArgument, "cannot read the keys in \(path): \(error.reason)") }
    if text.hasPrefix("{") {
      _ = try await keys.add(jwksJSON: text)
    } else if let key = try? ES256PublicKey(pem: text) {
      await keys.add(ecdsa: key)
    } else if let key = try? ES256PublicKey(certificate: text) {
      await keys.add(ecdsa: key)
    } else if let key = (try? Insecure.RSA.PublicKey(pem: text)) ?? (try? Insecure.RSA.PublicKey(certificatePEM: text)) {
      await keys.add(rsa: key, digestAlgorithm: .sha256)
    } else {
      throw HullError(.invalidArgument, "\(path) holds neither a JWKS nor a public key or certificate in PEM")
    }
  }
}
