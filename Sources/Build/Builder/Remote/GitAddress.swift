// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import RegistryClient

/// A Git repository as builds name it: `https://host/path.git#ref:directory`, `https://host/path.git?ref=…&subdir=…`, `git://…`, `ssh://…`, `git@host:path`.
package struct GitAddress: Sendable, Hashable {
  /// What times the files of a checkout have.
  package enum FileTime: String, Sendable { case commit, checkout }

  /// What `git` is given, without credentials in messages.
  package var url: String
  /// Branch, tag or commit; `nil`: what the repository's `HEAD` is.
  package var reference: String?
  /// The part of the repository that is meant, without slashes at its ends; empty: all.
  package var directory = ""
  /// The commit that the reference must stand for, or the beginning of it.
  package var checksum: String?
  /// Whether `.git` is kept; `nil`: the address does not say.
  package var keepsGitDirectory: Bool?
  /// Submodules are fetched, too.
  package var hasSubmodules = true
  package var fileTime = FileTime.commit
  /// The checksum, a whole commit, is fetched; what the reference stands for is not asked.
  package var fetchesCommit = false
  /// It could as well be the path of a file: `github.com/…`, which only contexts may be.
  private(set) var looksLikePath = false

  /// Reads an address; `nil` when it is not one of a Git repository. Throws `invalidArgument` for a query that says nothing or contradicts itself.
  /// - Parameter isGit: it is known to be one: an HTTP address need not end with `.git`.
  package init?(_ text: String, isGit: Bool = false) throws(HullError) {
    let halves = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let parts = halves[0].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let url = GitAddress.url(parts[0], isGit) else { return nil }
    (self.url, looksLikePath) = (url, url != parts[0])
    if halves.count > 1 {
      let fragment = WebAddress.unescaped(halves[1]).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      reference = fragment[0].isEmpty ? nil : fragment[0]
      if fragment.count > 1 { directory = TreePaths.clean(fragment[1]) }
    }
    if parts.count > 1 { try GitQuery(parts[1]).apply(to: &self) }
  }

  private init(named url: String) { self.url = url }

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

  /// The address in its shorter form, `repository#reference:directory`, with its password.
  func fragmentForm(withDirectory: Bool) -> String {
    let part = withDirectory && !directory.isEmpty ? ":" + directory : ""
    return reference == nil && part.isEmpty ? url : "\(url)#\(reference ?? "")\(part)"
  }

  /// The same however it is written: host and path, reference and directory (BuildKit, client/llb, `Git`).
  var policyName: String {
    var place = url.firstRange(of: "://").map { String(url[$0.upperBound...]) } ?? url.replacing(":", with: "/", maxReplacements: 1)
    if let at = place.prefix(while: { $0 != "/" }).lastIndex(of: "@") { place = String(place[place.index(after: at)...]) }
    var plain = GitAddress(named: "git://" + place)
    (plain.reference, plain.directory) = (reference, directory)
    return plain.fragmentForm(withDirectory: true)
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

  /// Whether a text is meant as a Git address, right or wrong.
  package static func matches(_ text: String) -> Bool {
    do { return try GitAddress(text) != nil } catch { return true }
  }

  /// An address without its query and fragment as `git` is given it; `nil`: it is none of a repository.
  private static func url(_ base: String, _ isGit: Bool) -> String? {
    for scheme in ["git://", "ssh://"] where base.hasPrefix(scheme) { return base }
    if base.hasPrefix("https://") || base.hasPrefix("http://") {
      let path = base.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }
      return isGit || path.hasSuffix(".git") ? base : nil
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
