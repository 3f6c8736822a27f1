// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// The name of a repository, `team/app`: what the distribution specification's grammar allows, and therefore safe as a path below the root.
///
/// A component never begins with `_` or `.`, so names of repositories and of what lies in them never meet.
package struct RepositoryName: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let description: String

  /// Throws `NAME_INVALID`.
  package init(_ text: String) throws(HullError) {
    guard text.utf8.count <= 255, ReferenceGrammar.isPath(text) else {
      throw HullError(
        .nameInvalid, "invalid repository name \(quoted(text)): use lower-case letters, digits, '.', '_', '-' and '/', at most 255 characters")
    }
    description = text
  }

  package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// What a manifest is asked for by.
package enum ManifestReference: Sendable, Hashable, CustomStringConvertible {
  case tag(String)
  case digest(Digest)

  /// Reads the last part of `/v2/NAME/manifests/REFERENCE`. Throws `DIGEST_INVALID` or `TAG_INVALID`.
  package init(_ text: String) throws(HullError) {
    if text.utf8.contains(UInt8(ascii: ":")) {
      self = .digest(try Digest(registry: text))
    } else {
      guard ReferenceGrammar.isTag(text) else {
        throw HullError(.tagInvalid, "invalid tag \(quoted(text)): use letters, digits, '_', '.' and '-', at most 128 characters")
      }
      self = .tag(text)
    }
  }

  package var description: String {
    switch self {
    case .tag(let tag): tag
    case .digest(let digest): digest.description
    }
  }
}

extension Digest {
  /// Reads a digest that a client sent. Throws `DIGEST_INVALID`.
  package init(registry text: String) throws(HullError) {
    do { try self.init(text) } catch { throw HullError(.digestInvalid, "invalid digest \(quoted(text))", cause: error) }
  }

  /// As a file's name: `sha256-…`
  var fileName: String { "\(algorithm)-\(hex)" }

  /// Reads `fileName`.
  init?(fileName: String) {
    guard let dash = fileName.firstIndex(of: "-"), let digest = try? Digest("\(fileName[..<dash]):\(fileName[fileName.index(after: dash)...])") else {
      return nil
    }
    self = digest
  }
}
