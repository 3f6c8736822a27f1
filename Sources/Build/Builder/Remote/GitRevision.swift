// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What a reference of a repository stands for at the moment.
package struct GitRevision: Sendable, Hashable {
  /// The whole name, `refs/heads/main`; of a commit its own 40 (or 64) digits.
  package var name: String
  /// What the name stands for: a commit, or the object of an annotated tag.
  package var object: String
  /// The commit of an annotated tag.
  package var tagged: String?

  package var commit: String { tagged ?? object }

  /// The repository's objects are named by SHA-256.
  var isSHA256: Bool { object.utf8.count == 64 }

  /// Names what a checkout has, whichever reference led to it.
  func key(_ address: GitAddress, keepsGitDirectory: Bool) -> String {
    // `.git` also says what the reference is called.
    var key = keepsGitDirectory ? "\(object).git#\(name)" : commit
    if !address.directory.isEmpty { key += ":" + address.directory }
    if !address.hasSubmodules { key += "(skip-submodules)" }
    if address.fileTime != .commit { key += "(mtime=\(address.fileTime))" }
    return key
  }

  /// Throws `invalidArgument` when it is not what it must be.
  /// - Parameter checksum: of the commit or the tag's object, or the beginning of it.
  func check(_ checksum: String?, of address: GitAddress) throws(HullError) {
    guard let checksum = checksum?.lowercased() else { return }
    guard !object.hasPrefix(checksum), !(tagged?.hasPrefix(checksum) ?? false) else { return }
    throw HullError(
      .invalidArgument, "\(address.shown): expected checksum to match \(checksum), got \(object)\(tagged.map { " or \($0)" } ?? "")")
  }

  static func isCommit(_ text: String) -> Bool { [40, 64].contains(text.utf8.count) && text.utf8.allSatisfy { Digest.isHexDigit($0) } }
}

/// The answer of `git ls-remote`: what the server's names stand for.
struct GitNames {
  private var objects: [String: String] = [:]
  /// The name that `HEAD` stands for.
  private var head: String?

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: "\t").map(String.init)
      guard words.count == 2 else { continue }
      if words[0].hasPrefix("ref: "), words[1] == "HEAD" { head = Self.name(words[0].dropFirst(5)) }
      if GitRevision.isCommit(words[0]) { objects[words[1]] = words[0] }
    }
  }

  /// What a server calls a name; `nil`: git might take it for something else (git-check-ref-format(1)).
  private static func name(_ text: Substring) -> String? {
    let isName = text.hasPrefix("refs/") && !text.contains("..") && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && !#"~^:?*[\"#.utf8.contains($0) }
    return isName ? String(text) : nil
  }

  /// - Parameter reference: `nil`: the one that `HEAD` is. Of a branch and a tag of the same name the branch is meant.
  func revision(_ reference: String?) -> GitRevision? {
    guard let reference else { return objects["HEAD"].map { GitRevision(name: head ?? "HEAD", object: $0) } }
    func below(_ prefix: String) -> String { reference.hasPrefix(prefix) ? reference : prefix + reference }
    for name in [below("refs/"), below("refs/heads/"), below("refs/tags/")] {
      guard let object = objects[name] else { continue }
      return GitRevision(name: name, object: object, tagged: objects[name + "^{}"])
    }
    return reference == "HEAD" ? revision(nil) : nil
  }
}
