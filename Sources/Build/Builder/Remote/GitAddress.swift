// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// A Git repository as builds name it: `https://host/path.git#ref:directory`, `git://…`, `ssh://…`, `git@host:path`.
package struct GitAddress: Sendable, Hashable {
  /// What `git` is given, without credentials in messages.
  package var url: String
  /// Branch, tag or commit; `nil`: what the repository's `HEAD` is.
  package var reference: String?
  /// The part of the repository that is meant, without slashes at its ends; empty: all.
  package var directory = ""

  /// Reads an address; `nil` when it is not one of a Git repository.
  package init?(_ text: String) {
    let halves = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let base = halves.first, let url = GitAddress.url(base, hasFragment: halves.count > 1) else { return nil }
    self.url = url
    guard halves.count > 1 else { return }
    let parts = halves[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    reference = parts[0].isEmpty ? nil : parts[0]
    if parts.count > 1 { directory = TreePaths.clean(parts[1]) }
  }

  /// Throws `invalidArgument` for what `git` could take for an option, and for white space.
  package func check() throws(HullError) {
    for part in [url, reference ?? "HEAD"] {
      guard !part.hasPrefix("-"), !part.isEmpty, part.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }), !part.contains("..") || part == url else {
        throw HullError(.invalidArgument, "\(quoted(part)) is no address or name that git may be given")
      }
    }
  }

  /// Without a password.
  package var shown: String {
    guard let scheme = url.firstRange(of: "://"), let at = url[scheme.upperBound...].prefix(while: { $0 != "/" }).lastIndex(of: "@") else {
      return url
    }
    return String(url[..<scheme.upperBound] + url[url.index(after: at)...])
  }

  /// The host, with its port where one is given, of an HTTP address; `nil` for others.
  package var host: String? { webScope.map { String($0.drop { $0 != "/" }.dropFirst(2).dropLast()) } }

  /// `https://host/`: the addresses that credentials for this one are for.
  var webScope: String? {
    let shown = shown
    guard url.hasPrefix("https://") || url.hasPrefix("http://"), let scheme = shown.firstRange(of: "://") else { return nil }
    return "\(shown[..<scheme.upperBound])\(shown[scheme.upperBound...].prefix { $0 != "/" })/"
  }

  /// `ssh://…` or `user@host:path`.
  var usesSecureShell: Bool { !url.contains("://") || url.hasPrefix("ssh://") }

  /// Whether a text is meant as a Git address.
  package static func matches(_ text: String) -> Bool { GitAddress(text) != nil }

  private static func url(_ base: String, hasFragment: Bool) -> String? {
    for scheme in ["git://", "ssh://"] where base.hasPrefix(scheme) { return base }
    if base.hasPrefix("https://") || base.hasPrefix("http://") {
      let path = base.prefix { $0 != "?" }
      return path.hasSuffix(".git") || path.hasSuffix(".git/") ? base : nil
    }
    if base.hasPrefix("github.com/") { return "https://" + base }
    return isScp(base) ? base : nil
  }

  /// `user@host:path`
  private static func isScp(_ text: String) -> Bool {
    guard !text.contains("://"), let at = text.firstIndex(of: "@"), let colon = text[at...].firstIndex(of: ":") else { return false }
    let user = text[..<at]
    let host = text[text.index(after: at)..<colon]
    return !user.isEmpty && !host.isEmpty && !user.contains("/") && !host.contains("/") && text.index(after: colon) < text.endIndex
  }
}
