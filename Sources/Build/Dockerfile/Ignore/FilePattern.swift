// SPDX-License-Identifier: Apache-2.0
import Errors

/// A wildcard source of `COPY` and `ADD`: `*`, `?`, `[a-z]` and `\` as in Go's `filepath.Match`, and `**` for any number of directories where it is allowed.
package struct FilePattern: Sendable, Hashable {
  /// As written.
  package let text: String
  /// The leading directories that have no wildcards, without a slash at the end; empty when there are none.
  package let fixedDirectory: String
  private let glob: Glob

  /// - Throws: `.invalidArgument` for an open class and an escape at the end.
  package init(_ text: String, allowsDoubleStar: Bool = false) throws(HullError) {
    self.text = text
    glob = Glob(try GlobParser.tokens(text, allowsDoubleStar: allowsDoubleStar))
    let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
    fixedDirectory = parts.dropLast().prefix { !FilePattern.hasWildcards($0) && !$0.contains(scalar: "\\") }.joined(separator: "/")
  }

  /// Whether a text is more than a name: it has `*`, `?` or `[` that is not escaped.
  package static func hasWildcards(_ text: String) -> Bool {
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "[") {
        return true
      }
    }
    return false
  }

  /// Whether the whole path matches.
  package func matches(_ path: String) -> Bool { withBytes(of: path, glob.matches) }

  /// Whether the whole path matches.
  package func matches(_ path: [UInt8]) -> Bool { path.withUnsafeBufferPointer(glob.matches) }

  /// Whether something below a directory could match: otherwise a walk need not enter it.
  package func mayMatchBelow(_ directory: String) -> Bool { directory.isEmpty || withBytes(of: directory, glob.mayMatchBelow) }
}

/// The bytes of a text, without a copy where that is possible.
func withBytes<Result>(of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
  if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
  return Array(text.utf8).withUnsafeBufferPointer(body)
}
