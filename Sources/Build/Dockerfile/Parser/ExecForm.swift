// SPDX-License-Identifier: Apache-2.0

/// The exec form: a JSON array of strings (RFC 8259). What is no JSON is the shell form.
struct ExecForm {
  enum Reading: Equatable {
    case words([String])
    /// A JSON array, but not of strings alone.
    case otherValues
    case noArray
  }

  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var onlyStrings = true

  static func read(_ text: String) -> Reading {
    guard text.unicodeScalars.first(where: { !$0.isBlank }) == "[" else { return .noArray }
    var reader = ExecForm(scalars: Array(text.unicodeScalars))
    guard let words = reader.topArray() else { return .noArray }
    return reader.onlyStrings ? .words(words) : .otherValues
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private mutating func skipBlanks() {
    while let scalar = next, scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" { position += 1 }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard next == scalar else { return false }
    position += 1
    return true
  }

  private mutating func topArray() -> [String]? {
    while let scalar = next, scalar.isBlank { position += 1 }
    guard take("[") else { return nil }
    var words: [String] = []
    if !take("]") {
      repeat {
        skipBlanks()
        if next == "\"" {
          guard let word = string() else { return nil }
          words.append(word)
        } else {
          onlyStrings = false
          guard value(depth: 0) else { return nil }
        }
      } while take(",")
      guard take("]") else { return nil }
    }
    skipBlanks()
    return position == scalars.count ? words : nil
  }

  /// Any value: only whether it is one.
  private mutating func value(depth: Int) -> Bool {
    skipBlanks()
    guard depth < 100, let first = next else { return false }
    switch first {
    case "\"": return string() != nil
    case "[": return list(closedBy: "]", depth: depth)
    case "{": return list(closedBy: "}", depth: depth)
    default: return literal()
    }
  }

  private mutating func list(closedBy end: Unicode.Scalar, depth: Int) -> Bool {
    position += 1
    if take(end) { return true }
    repeat {
      if end == "}" {
        skipBlanks()
        guard next == "\"", string() != nil, take(":") else { return false }
      }
      guard value(depth: depth + 1) else { return false }
    } while take(",")
    return take(end)
  }

  /// `true`, `false`, `null` or a number.
  private mutating func literal() -> Bool {
    let start = position
    while let scalar = next, scalar.isLetter || scalar.isDigit || "+-.".unicodeScalars.contains(scalar) { position += 1 }
    let word = String(scalars[start..<position])
    if ["true", "false", "null"].contains(word) { return true }
    return word.utf8.first.map { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") } == true && Double(word) != nil
  }

  private mutating func string() -> String? {
    position += 1
    var text = String.UnicodeScalarView()
    while let scalar = next {
      position += 1
      switch scalar {
      case "\"": return String(text)
      case "\\":
        guard let escaped = escaped() else { return nil }
        text.append(escaped)
      default:
        guard scalar.value >= 0x20 else { return nil }
        text.append(scalar)
      }
    }
    return nil
  }

  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t",
  ]

  private mutating func escaped() -> Unicode.Scalar? {
    guard let scalar = next else { return nil }
    position += 1
    if scalar != "u" { return ExecForm.escapes[scalar] }
    guard let unit = codeUnit() else { return nil }
    guard (0xd800...0xdbff).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{fffd}" }
    // The second half of a surrogate pair; alone, either is no character.
    let after = position
    if next == "\\", position + 1 < scalars.count, scalars[position + 1] == "u" {
      position += 2
      if let low = codeUnit(), (0xdc00...0xdfff).contains(low) { return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)) }
      position = after
    }
    return "\u{fffd}"
  }

  private mutating func codeUnit() -> UInt32? {
    guard position + 4 <= scalars.count else { return nil }
    let digits = String(scalars[position..<(position + 4)])
    guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }), let unit = UInt32(digits, radix: 16) else { return nil }
    position += 4
    return unit
  }
}
