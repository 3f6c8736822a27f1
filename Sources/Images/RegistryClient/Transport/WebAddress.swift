// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// An absolute `http` or `https` URL (RFC 3986), in the parts that decide who is talked to. Credentials in it are kept apart.
package struct WebAddress: Sendable, Hashable, CustomStringConvertible {
  package enum Scheme: String, Sendable, Hashable {
    case https, http

    var defaultPort: Int { self == .https ? 443 : 80 }
  }

  package var scheme: Scheme
  /// In lower case; an IPv6 address in brackets.
  package var host: String
  package var port: Int
  /// Empty or beginning with a slash, percent-encoded.
  package var path: String
  /// Without the question mark, percent-encoded.
  package var query: String?
  /// `user:password` as it stood before an `@`, percent-encoded; never part of `description`.
  var userInfo: String?

  /// Reads a URL. Throws `invalidArgument`; names what is wrong.
  package init(_ text: String) throws(HullError) {
    func failure(_ reason: String) -> HullError { HullError(.invalidArgument, "invalid URL \(quoted(text)): \(reason)") }
    guard text.utf8.count <= WebAddress.longest else { throw failure("it is too long") }
    let separator = text.firstRange(of: "://")
    guard let separator, let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased()) else {
      throw failure("it must begin with https:// or http://")
    }
    let rest = WebAddress.encoded(text[separator.upperBound...].prefix { $0 != "#" })
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let (user, host) = WebAddress.splitUser(authority)
    guard let (name, port) = WebAddress.splitPort(host) else { throw failure("there is no host in it, or its port is wrong") }
    let tail = rest[authority.endIndex...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.scheme = scheme
    self.host = name.lowercased()
    self.port = port ?? scheme.defaultPort
    path = tail.first.map(String.init) ?? ""
    query = tail.count == 2 ? String(tail[1]) : nil
    userInfo = user
  }

  /// `host` or `host:port`, as certificates' directories and messages name it.
  package var authority: String { port == scheme.defaultPort ? host : "\(host):\(port)" }

  /// The host as resolvers take it: an IPv6 address without its brackets.
  package var bareHost: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

  /// The URL without credentials.
  package var description: String { "\(scheme.rawValue)://\(authority)\(path)\(query.map { "?\($0)" } ?? "")" }

  /// The URL without path and query.
  package var origin: String { "\(scheme.rawValue)://\(authority)" }

  /// Same scheme, host and port: may see the same credentials.
  func isSameOrigin(_ other: WebAddress) -> Bool { scheme == other.scheme && host == other.host && port == other.port }

  /// What a `Location` or `Link` means here (RFC 3986, section 5.2). Throws `invalidArgument`.
  func resolving(_ reference: String) throws(HullError) -> WebAddress {
    if reference.contains("://"), !reference.hasPrefix("/"), !reference.hasPrefix("?") { return try WebAddress(reference) }
    if reference.hasPrefix("//") { return try WebAddress("\(scheme.rawValue):\(reference)") }
    if reference.hasPrefix("/") { return try WebAddress(origin + reference) }
    if reference.hasPrefix("?") { return try WebAddress(origin + path + reference) }
    return try WebAddress(origin + path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex) + "/" + reference)
  }

  /// With one more `name=value` in the query.
  func adding(_ name: String, _ value: String) -> WebAddress {
    var address = self
    address.query = (query.map { $0.isEmpty ? "" : "\($0)&" } ?? "") + "\(name)=\(WebAddress.escaped(value))"
    return address
  }

  /// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
  static func escaped(_ text: String) -> String {
    percentEncoded(text.utf8) { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: "-._~".utf8.contains(byte)
      }
    }
  }

  /// Text whose percent-encoded bytes are themselves again.
  package static func unescaped(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
        rest = rest.dropFirst(2)
        bytes.append(value)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let longest = 16 << 10

  /// What may not stand in a URL at all is encoded; the rest stays as it is.
  private static func encoded(_ text: some StringProtocol) -> String {
    percentEncoded(text.utf8) { $0 > 0x20 && $0 < 0x7f && !"\"<>\\^`{|}".utf8.contains($0) }
  }

  private static func percentEncoded(_ bytes: some Sequence<UInt8>, keeping: (UInt8) -> Bool) -> String {
    var result: [UInt8] = []
    for byte in bytes {
      if keeping(byte) { result.append(byte) } else { result += Array("%\(Digest.hexadecimal([byte]).uppercased())".utf8) }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func splitUser(_ authority: Substring) -> (user: String?, host: Substring) {
    guard let at = authority.lastIndex(of: "@") else { return (nil, authority) }
    return (String(authority[..<at]), authority[authority.index(after: at)...])
  }

  private static func splitPort(_ text: Substring) -> (host: String, port: Int?)? {
    guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") else {
      return isHost(text) ? (String(text), nil) : nil
    }
    guard isHost(text[..<colon]), let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port) else { return nil }
    return (String(text[..<colon]), port)
  }

  private static func isHost(_ text: Substring) -> Bool {
    if text.hasPrefix("[") { return text.hasSuffix("]") && text.utf8.count > 2 }
    return !text.isEmpty && text.utf8.allSatisfy { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "%") && $0 > 0x20 && $0 < 0x7f }
  }
}
