// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import FoundationEssentials
import Hummingbird
import NIOPosix
import OCISpec
import RegistryStore

/// Who asks, and whether they may.
final class AccessControl: Sendable {
  /// Who a header stood for when it was checked last.
  private struct Known: Sendable {
    let principal: Principal
    /// Of the steady clock, seconds.
    let expires: Int64
  }

  /// Seconds that a password is remembered as right, so that bcrypt does not cost every request.
  private static let remembered: Int64 = 60
  let rules: AccessRules
  let tokens: Tokens?
  private let passwords: Passwords?
  private let threads: NIOThreadPool
  /// Whether clients are told to fetch tokens, or to send their password with every request.
  private let announcesTokens: Bool
  /// Where clients find this registry, `https://hub.example`; nil: as their requests say.
  private let publicURL: String?
  private let isTLS: Bool
  private let known = TwoGenerations<Known>(capacity: 4096)

  init(
    rules: AccessRules, passwords: Passwords?, tokens: Tokens?, announcesTokens: Bool, publicURL: String?, isTLS: Bool, threads: NIOThreadPool
  ) {
    self.isTLS = isTLS
    self.rules = rules
    self.passwords = passwords
    self.tokens = tokens
    self.announcesTokens = announcesTokens && tokens != nil
    self.publicURL = publicURL
    self.threads = threads
  }

  /// Whether a browser can log in.
  var takesPasswords: Bool { passwords != nil }
  var knowsUsers: Bool { passwords != nil || tokens != nil }

  func allows(_ user: Principal, _ action: Action, _ name: RepositoryName) -> Bool {
    // An external server's tokens are the whole answer; our own are cut to the rules when they are made, and rules may change later.
    if let grants = user.grants {
      guard grants[name.description]?.contains(action) ?? false else { return false }
      if tokens?.isOwn == false { return true }
    }
    return rules.allows(user.name, action, name)
  }

  func readsEverything(_ user: Principal) -> Bool { user.grants == nil && rules.readsEverything(user.name) }

  /// The user's name for the log when they may read a repository and that is known without asking anybody; nil: it is not known.
  func readerAtOnce(_ authorization: String?, of name: RepositoryName) -> String? {
    guard knowsUsers, let authorization else { return rules.allows(nil, .pull, name) ? "-" : nil }
    guard let known = remembered(authorization), allows(known, .pull, name) else { return nil }
    return known.name ?? "-"
  }

  /// Who a header stood for lately.
  func nameForLog(_ authorization: String?) -> String {
    guard knowsUsers, let authorization else { return "-" }
    return remembered(authorization)?.name ?? "-"
  }

  /// Who sent a request. Throws `UNAUTHORIZED` for credentials that are wrong.
  func principal(_ request: Request) async throws -> Principal {
    guard knowsUsers, let header = request.headers[.authorization] else { return .anonymous }
    if let known = remembered(header) { return known }
    let words = header.split(separator: " ", maxSplits: 1)
    guard words.count == 2 else { throw HullError(.needsLogin, "the Authorization header cannot be read") }
    switch words[0].lowercased() {
    case "basic": return try await user(basic: String(words[1]), header)
    case "bearer":
      guard let tokens else { throw HullError(.needsLogin, "this registry takes no tokens: send name and password") }
      let (principal, expires) = try await tokens.verify(String(words[1]))
      remember(principal, header, seconds: min(Int64(expires.timeIntervalSinceNow), Self.remembered))
      return principal
    default: throw HullError(.needsLogin, "the authorization scheme \(quoted(String(words[0]))) is not supported: use Basic or Bearer")
    }
  }

  /// Throws `UNAUTHORIZED` to somebody who has not logged in, `DENIED` to others.
  func check(_ user: Principal, _ route: RegistryRoute, _ request: Request) throws(HullError) {
    guard let name = route.repository else {
      if knowsUsers, user.name == nil, user.grants == nil { throw HullError(.needsLogin, "log in first") }
      return
    }
    let action = AccessControl.action(request.method, route)
    guard allows(user, action, name) else {
      // A token may be too narrow: the client fetches another one for what this answer names.
      if user.name == nil || user.grants != nil { throw HullError(.needsLogin, "\(action.rawValue) of \(name) needs to be allowed: log in first") }
      throw HullError(.denied, "\(user.name ?? "nobody") may not \(action.rawValue) \(name)")
    }
  }

  /// The `WWW-Authenticate` header for somebody who has to log in.
  func challenge(_ request: Request) -> String? {
    guard knowsUsers else { return nil }
    guard announcesTokens, let tokens else { return "Basic realm=\"hull registry\", charset=\"UTF-8\"" }
    let realm = tokens.settings.realm ?? "\(address(request))/token"
    var text = "Bearer realm=\"\(realm)\",service=\"\(tokens.settings.service)\""
    if let route = try? RegistryRoute(path: request.uri.path) {
      if let name = route.repository {
        let action = AccessControl.action(request.method, route)
        text += ",scope=\"repository:\(name):\(action == .push ? "pull,push" : action.rawValue)\""
      } else if route == .catalog {
        text += ",scope=\"registry:catalog:*\""
      }
    }
    return text
  }

  /// Checks a name and password in the form of the `Authorization` header's second word.
  func user(basic credentials: String, _ header: String) async throws -> Principal {
    guard let passwords, let data = Data(base64Encoded: credentials), let text = String(validating: data, as: UTF8.self),
      let colon = text.firstIndex(of: ":")
    else { throw HullError(.needsLogin, "name and password cannot be read") }
    let (name, password) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
    guard try await threads.perform({ () throws(HullError) in try passwords.check(name, password) }) else {
      throw HullError(.needsLogin, "wrong name or password")
    }
    let principal = Principal(name: name)
    remember(principal, header, seconds: Self.remembered)
    return principal
  }

  private func address(_ request: Request) -> String {
    if let publicURL { return publicURL }
    let scheme = isTLS || request.headers[.forwardedProtocol] == "https" ? "https" : "http"
    // What stands in a header goes into a header: only what an authority may have (RFC 3986, section 3.2).
    let host = (request.head.authority ?? "localhost").filter { $0.isASCII && ($0.isLetter || $0.isNumber || ".:-[]_".contains($0)) }
    return "\(scheme)://\(host)"
  }

  private static func action(_ method: HTTPRequest.Method, _ route: RegistryRoute) -> Action {
    switch (method, route) {
    case (.delete, .manifest), (.delete, .blob): .delete
    case (.get, .upload), (.head, .upload): .push
    case (.get, _), (.head, _): .pull
    default: .push
    }
  }

  // By the sum of the header: passwords do not lie about in memory for it.
  private func remember(_ principal: Principal, _ header: String, seconds: Int64) {
    known.insert(Known(principal: principal, expires: Clock.seconds + seconds), for: Self.sum(header))
  }

  private func remembered(_ header: String) -> Principal? {
    guard let known = known.find(Self.sum(header)), known.expires > Clock.seconds else { return nil }
    return known.principal
  }

  private static func sum(_ header: String) -> String { SHA256.digest(of: header).hex }
}
