// SPDX-License-Identifier: Apache-2.0
import Errors

/// One line of an ignore file, compiled as moby/patternmatcher does it: the four kinds differ in more than speed, and each is kept as it is.
struct IgnorePattern: Sendable, Hashable {
  private enum Kind: Sendable, Hashable {
    case exact([UInt8])
    /// `dir/**`: everything that begins like this.
    case prefix([UInt8])
    /// `**/name`, `**name`: everything that ends like this.
    case suffix([UInt8])
    case glob(Glob)
  }

  /// Without the exclamation mark.
  let text: String
  /// With an exclamation mark: takes what it matches back in.
  let isException: Bool
  private let kind: Kind

  /// - Parameter text: trimmed and cleaned, without the exclamation mark.
  init(_ text: String, isException: Bool) throws(HullError) {
    self.text = text
    self.isException = isException
    // The syntax is that of `filepath.Match`, to which `**` is nothing special.
    let tokens = try GlobParser.tokens(text, allowsDoubleStar: true)
    kind = IgnorePattern.kind(Array(text.utf8), tokens)
  }

  private static func kind(_ bytes: [UInt8], _ tokens: [Glob.Token]) -> Kind {
    let isPlain: (ArraySlice<UInt8>) -> Bool = { part in !part.contains { "*?[]\\".utf8.contains($0) } }
    if isPlain(bytes[...]) { return .exact(bytes) }
    let stars = Array("**".utf8)
    if bytes.starts(with: stars), isPlain(bytes.dropFirst(2)) { return .suffix(Array(bytes.dropFirst(2))) }
    if bytes.suffix(2) == stars[...], isPlain(bytes.dropLast(2)) { return .prefix(Array(bytes.dropLast(2))) }
    return .glob(Glob(tokens))
  }

  /// Whether the path or one of the directories that it lies in matches.
  ///
  /// - Parameter ends: where those directories' paths end, and the path itself: before each slash, and its length.
  func matches(_ path: UnsafeBufferPointer<UInt8>, ends: UnsafeBufferPointer<Int>) -> Bool {
    switch kind {
    case .exact(let bytes): return path.hasPrefix(bytes) && (path.count == bytes.count || path[bytes.count] == UInt8(ascii: "/"))
    case .prefix(let bytes): return path.hasPrefix(bytes)
    case .suffix(let bytes):
      for end in ends where path.has(bytes, endingAt: end) { return true }
      // `**/name` is also `name` at the root.
      guard bytes.first == UInt8(ascii: "/"), path.count >= bytes.count - 1 else { return false }
      let name = bytes.count - 1
      return (path.count == name || path[name] == UInt8(ascii: "/")) && path.prefix(name).elementsEqual(bytes.dropFirst())
    case .glob(let glob): return glob.matchesOrParentMatches(path)
    }
  }

  /// Whether something below a directory could match.
  func mayMatchBelow(_ directory: UnsafeBufferPointer<UInt8>) -> Bool {
    switch kind {
    case .exact(let bytes): return IgnorePattern.isBelow(bytes, directory)
    case .prefix(let bytes): return directory.hasPrefix(bytes) || IgnorePattern.isBelow(bytes, directory)
    case .suffix: return true
    case .glob(let glob): return glob.mayMatchBelow(directory)
    }
  }

  private static func isBelow(_ bytes: [UInt8], _ directory: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.count > directory.count && bytes[directory.count] == UInt8(ascii: "/") && bytes.prefix(directory.count).elementsEqual(directory)
  }
}
