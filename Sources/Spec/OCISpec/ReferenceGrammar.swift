// SPDX-License-Identifier: Apache-2.0

/// The lexical rules of the distribution reference grammar, byte by byte: no regular expressions, linear time on any input.
package enum ReferenceGrammar {
  /// 64 lower-case hexadecimal digits: an ID, never a repository.
  static func isIdentifier(_ text: String) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy(Digest.isHexDigit)
  }

  /// A letter, digit or underscore, then up to 127 of those, `.` and `-`.
  package static func isTag(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128, isWord(first) else { return false }
    return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  /// Components between slashes: lower-case letters and digits, separated by `.`, `_`, `__` or any number of `-`.
  package static func isPath(_ text: String) -> Bool {
    text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { isComponent(Array($0)) }
  }

  /// `host` or `host:port`, where the host is a name, an IPv4 address or a bracketed IPv6 address.
  static func isDomain(_ text: String) -> Bool {
    var host = Substring(text)
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
      let port = text[text.index(after: colon)...].utf8
      guard !port.isEmpty, port.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return false }
      host = text[..<colon]
    }
    if host.hasPrefix("[") {
      let address = host.dropFirst().dropLast().utf8
      return host.hasSuffix("]") && !address.isEmpty && address.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") }
    }
    return host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      guard let first = label.first, let last = label.last else { return false }
      return isAlphanumeric(first) && isAlphanumeric(last) && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
  }

  /// `algorithm:` and at least 32 hexadecimal digits: enough for the grammar; `Digest` decides whether it is a good one.
  static func looksLikeDigest(_ text: some StringProtocol) -> Bool {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
    let hex = text.utf8[text.utf8.index(after: colon)...]
    let parts = text.utf8[..<colon].split(omittingEmptySubsequences: false) { "-_+.".utf8.contains($0) }
    return hex.count >= 32 && hex.allSatisfy(isHexadecimal)
      && parts.allSatisfy { part in part.first.map(isLetter) ?? false && part.allSatisfy(isAlphanumeric) }
  }

  private static func isComponent(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first, let last = bytes.last, isLower(first), isLower(last) else { return false }
    var separator: [UInt8] = []
    for byte in bytes {
      if isLower(byte) {
        guard isSeparator(separator) else { return false }
        separator.removeAll(keepingCapacity: true)
      } else {
        separator.append(byte)
      }
    }
    return true
  }

  private static func isSeparator(_ bytes: [UInt8]) -> Bool {
    let dash = UInt8(ascii: "-")
    let underscore = UInt8(ascii: "_")
    return bytes.isEmpty || bytes == [UInt8(ascii: ".")] || bytes == [underscore] || bytes == [underscore, underscore]
      || bytes.allSatisfy { $0 == dash }
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || isLetter(byte) }
  private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    Digest.isHexDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
  }
}
