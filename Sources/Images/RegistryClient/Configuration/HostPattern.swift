// SPDX-License-Identifier: Apache-2.0
import Addressing

/// A host as lists of hosts name it: `*`, a name, an address or a prefix of addresses, with a port or without.
struct HostPattern {
  private let name: String
  private let port: Int?
  private let prefix: IPPrefix?
  private let includesSubdomains: Bool
  private let onlySubdomains: Bool

  /// - Parameter bareNamesIncludeSubdomains: `a.example` means `b.a.example` too, as in `NO_PROXY`.
  init(_ text: String, bareNamesIncludeSubdomains: Bool = false) {
    var text = text.lowercased()
    prefix = IPPrefix(text) ?? HostPattern.address(text).map { IPPrefix($0, $0.family.bits) }
    var port: Int?
    if prefix == nil, let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]) {
      port = number
      text = String(text[..<colon])
    }
    self.port = port
    if text.hasPrefix("*.") { text.removeFirst() }
    onlySubdomains = text.hasPrefix(".")
    includesSubdomains = onlySubdomains || bareNamesIncludeSubdomains
    name = onlySubdomains ? String(text.dropFirst()) : text
  }

  func matches(host: String, port: Int) -> Bool {
    if let prefix { return HostPattern.address(host).map(prefix.contains) ?? false }
    guard self.port == nil || self.port == port else { return false }
    if name == "*" { return true }
    if host == name { return !onlySubdomains }
    return includesSubdomains && host.hasSuffix(".\(name)")
  }

  /// `localhost` and the addresses that never leave the machine.
  static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host.hasSuffix(".localhost") || address(host)?.isLoopback ?? false
  }

  /// An address, in brackets or not; `nil` for a name.
  private static func address(_ host: String) -> IPAddress? {
    IPAddress(host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host)
  }
}
