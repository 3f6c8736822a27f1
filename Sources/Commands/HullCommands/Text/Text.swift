// SPDX-License-Identifier: Apache-2.0

/// Small things that Foundation would bring.
enum Text {
  /// Without ASCII white space at both ends.
  static func trimmed(_ text: some StringProtocol) -> String {
    let isSpace: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    var scalars = String.UnicodeScalarView(text.unicodeScalars)[...]
    while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
    while let last = scalars.last, isSpace(last) { scalars.removeLast() }
    return String(String.UnicodeScalarView(scalars))
  }

  // Characters of Swift are what people see: CR LF is one, and `=` with an accent behind it is another one than `=`.
  // What is parted here follows byte-oriented grammars, so it is parted between Unicode scalars.

  /// What stands before and behind the first `separator`; `nil` when there is none.
  static func cut(_ text: some StringProtocol, _ separator: Unicode.Scalar) -> (String, String)? {
    let scalars = text.unicodeScalars
    guard let index = scalars.firstIndex(of: separator) else { return nil }
    return (String(String.UnicodeScalarView(scalars[..<index])), String(String.UnicodeScalarView(scalars[scalars.index(after: index)...])))
  }

  /// What is before and after the last separator.
  static func cutLast(_ text: some StringProtocol, _ separator: Unicode.Scalar) -> (String, String)? {
    let scalars = text.unicodeScalars
    guard let index = scalars.lastIndex(of: separator) else { return nil }
    return (String(String.UnicodeScalarView(scalars[..<index])), String(String.UnicodeScalarView(scalars[scalars.index(after: index)...])))
  }

  static func split(_ text: some StringProtocol, _ separator: Unicode.Scalar) -> [String] {
    text.unicodeScalars.split(separator: separator, omittingEmptySubsequences: false).map { String(String.UnicodeScalarView($0)) }
  }

  static func replacing(_ text: String, _ pattern: String, with replacement: String) -> String {
    guard !pattern.isEmpty, text.utf8.count >= pattern.utf8.count else { return text }
    var out: [UInt8] = []
    let bytes = Array(text.utf8)
    let wanted = Array(pattern.utf8)
    var index = 0
    while index < bytes.count {
      if bytes[index] == wanted[0], bytes[index...].starts(with: wanted) {
        out += replacement.utf8
        index += wanted.count
      } else {
        out.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// As Go's `strconv.Quote`.
  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      case "\u{07}": out += "\\a"
      case "\u{08}": out += "\\b"
      case "\u{0B}": out += "\\v"
      case "\u{0C}": out += "\\f"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          out += "\\x\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))"
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }

  /// The 12 first digits of an ID, without `sha256:`.
  static func shortID(_ id: String) -> String {
    let digits = cut(id, ":")?.1 ?? id
    return String(digits.prefix(12))
  }

  /// Cells that a terminal gives the text: East Asian wide characters and emoji take two, combining marks none.
  static func width(_ text: some StringProtocol) -> Int {
    var cells = 0
    for scalar in text.unicodeScalars { cells += width(scalar) }
    return cells
  }

  private static func width(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return value < 0x20 ? 0 : 1 }
    switch value {
    case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: return 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
      0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// At most `cells` wide, the last of them `…` where something was cut off.
  static func ellipsis(_ text: String, _ cells: Int) -> String {
    if cells <= 0 { return "" }
    if width(text) <= cells { return text }
    if cells == 1 { return String(text.prefix(1)) }
    var kept = ""
    var used = 0
    for character in text {
      let next = width(String(character))
      if used + next > cells - 1 { break }
      kept.append(character)
      used += next
    }
    return kept + "…"
  }

  static func padded(_ text: String, _ cells: Int) -> String { text + String(repeating: " ", count: max(0, cells - width(text))) }
}

/// Paths as text; nothing here looks at a file system.
enum Paths {
  /// Parent and last component: `/a/b` → (`/a`, `b`), `b` → (`.`, `b`), `/b` → (`/`, `b`).
  static func split(_ path: String) -> (parent: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let parent = String(path[..<slash])
    return (parent.isEmpty ? "/" : parent, String(path[path.index(after: slash)...]))
  }

  /// Without `.`, `..` and doubled slashes, as Go's `filepath.Clean`.
  static func clean(_ path: String) -> String {
    let rooted = path.hasPrefix("/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else if part != ".." || !rooted {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    return rooted ? "/" + joined : joined.isEmpty ? "." : joined
  }

  static func join(_ left: String, _ right: String) -> String { clean(left + "/" + right) }

  static func absolute(_ path: String, from directory: String) -> String { path.hasPrefix("/") ? clean(path) : join(directory, path) }
}
