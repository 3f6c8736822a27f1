// SPDX-License-Identifier: Apache-2.0
import Errors

/// The name of an image: repository, and a tag or a digest or both (the distribution reference grammar, normalised as Docker does).
///
/// `busybox` is `docker.io/library/busybox`; `localhost:5000/a` keeps its registry.
package struct Reference: Sendable, Hashable, CustomStringConvertible {
  /// The registry: `docker.io`, `localhost:5000`, `[::1]:5000`.
  package let domain: String
  /// The repository within the registry: `library/busybox`.
  package let path: String
  package private(set) var tag: String?
  package private(set) var digest: Digest?

  /// Reads what a user or client typed. Throws `invalidArgument` with Docker's wording.
  package init(_ text: String) throws(HullError) {
    if ReferenceGrammar.isIdentifier(text) {
      throw HullError(.invalidArgument, "invalid repository name (\(text)), cannot specify 64-byte hexadecimal strings")
    }
    let (domain, remainder) = Reference.splitDomain(text)
    let remoteName = remainder.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
    guard !remoteName.utf8.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
      throw HullError(.invalidArgument, "invalid reference format: repository name (\(remoteName)) must be lowercase")
    }
    let halves = remainder.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let (path, tag) = Reference.splitTag(String(halves[0]))
    guard ReferenceGrammar.isDomain(domain), ReferenceGrammar.isPath(path), tag.map(ReferenceGrammar.isTag) ?? true else {
      throw HullError(.invalidArgument, "invalid reference format")
    }
    guard path.utf8.count <= 255 else {
      throw HullError(.invalidArgument, "repository name must not be more than 255 characters")
    }
    self.domain = domain
    self.path = path
    self.tag = tag
    if halves.count == 2 {
      guard ReferenceGrammar.looksLikeDigest(halves[1]) else { throw HullError(.invalidArgument, "invalid reference format") }
      digest = try Digest(String(halves[1]))
    }
  }

  /// `docker.io/library/busybox`
  package var name: String { "\(domain)/\(path)" }

  /// The name as people write it: `busybox`, `user/app`, `localhost:5000/a`; as short as still means the same.
  package var familiarName: String {
    guard domain == Reference.defaultDomain else { return name }
    guard path.hasPrefix("library/") else { return Reference.splitDomain(path).domain == domain ? path : name }
    let short = path.dropFirst("library/".count)
    return short.contains("/") || ReferenceGrammar.isIdentifier(String(short)) ? path : String(short)
  }

  /// The familiar name with tag and digest as they are.
  package var familiar: String { familiarName + suffix }

  /// The canonical name with tag and digest as they are.
  package var description: String { name + suffix }

  package var isNameOnly: Bool { tag == nil && digest == nil }

  /// With the tag `latest` when there is neither a tag nor a digest.
  package var withDefaultTag: Reference {
    guard isNameOnly else { return self }
    var reference = self
    reference.tag = "latest"
    return reference
  }

  /// The same repository under `tag`. Throws Docker's `invalid tag format`.
  package func with(tag: String) throws(HullError) -> Reference {
    guard ReferenceGrammar.isTag(tag) else { throw HullError(.invalidArgument, "invalid tag format") }
    var reference = self
    reference.tag = tag
    reference.digest = nil
    return reference
  }

  /// The same repository by `digest`, without a tag.
  package func with(digest: Digest) -> Reference {
    var reference = self
    reference.tag = nil
    reference.digest = digest
    return reference
  }

  private var suffix: String { (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }

  private static let defaultDomain = "docker.io"

  private static func splitDomain(_ text: String) -> (domain: String, remainder: String) {
    guard let slash = text.firstIndex(of: "/") else { return (defaultDomain, "library/" + text) }
    let first = String(text[..<slash])
    let rest = String(text[text.index(after: slash)...])
    let isDomain =
      first == "localhost" || first.contains(".") || first.contains(":")
      || first.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    guard isDomain else { return (defaultDomain, text) }
    guard first == defaultDomain || first == "index.docker.io" else { return (first, rest) }
    return (defaultDomain, rest.contains("/") ? rest : "library/" + rest)
  }

  private static func splitTag(_ text: String) -> (path: String, tag: String?) {
    guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("/") else { return (text, nil) }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }
}

extension Reference: Comparable {
  package static func < (left: Reference, right: Reference) -> Bool { left.description < right.description }
}
