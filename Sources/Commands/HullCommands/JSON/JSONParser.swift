// SPDX-License-Identifier: Apache-2.0
import Errors

/// Reads JSON text (RFC 8259). Nesting is bounded, so that no answer can exhaust the stack.
struct JSONParser {
  private static let deepest = 512
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// One value and nothing but white space around it.
  static func parse(_ bytes: [UInt8]) throws(HullError) -> JSON {
    var parser = JSONParser(bytes)
    let value = try parser.value()
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.failure("unexpected text after the value") }
    return value
  }

  static func parse(_ text: String) throws(HullError) -> JSON { try parse(Array(text.utf8)) }

  private func failure(_ what: String) -> HullError { HullError(.invalidArgument, "invalid JSON at byte \(position): \(what)") }

  private mutating func skipSpace() {
    while position < bytes.count, case let byte = bytes[position], byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func peek() throws(HullError) -> UInt8 {
    skipSpace()
    guard position < bytes.count else { throw failure("unexpected end") }
    return bytes[position]
  }

  private mutating func value() throws(HullError) -> JSON {
    switch try peek() {
    case UInt8(ascii: "{"): return try nested { parser throws(HullError) in .object(try parser.members()) }
    case UInt8(ascii: "["): return try nested { parser throws(HullError) in .array(try parser.elements()) }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(_ body: (inout JSONParser) throws(HullError) -> JSON) throws(HullError) -> JSON {
    guard depth < Self.deepest else { throw failure("nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    position += 1
    return try body(&self)
  }

  private mutating func members() throws(HullError) -> JSONObject {
    var object = JSONObject()
    if try peek() == UInt8(ascii: "}") {
      position += 1
      return object
    }
    while true {
      guard try peek() == UInt8(ascii: "\"") else { throw failure("expected a member name") }
      let key = try string()
      guard try peek() == UInt8(ascii: ":") else { throw failure("expected ':'") }
      position += 1
      object.append(key, try value())
      if try closes(with: UInt8(ascii: "}")) { return object }
    }
  }

  private mutating func elements() throws(HullError) -> [JSON] {
    var elements: [JSON] = []
    if try peek() == UInt8(ascii: "]") {
      position += 1
      return elements
    }
    while true {
      elements.append(try value())
      if try closes(with: UInt8(ascii: "]")) { return elements }
    }
  }

  private mutating func closes(with end: UInt8) throws(HullError) -> Bool {
    let next = try peek()
    guard next == end || next == UInt8(ascii: ",") else { throw failure("expected ',' or '\(Character(Unicode.Scalar(end)))'") }
    position += 1
    return next == end
  }

  private mutating func literal(_ word: StaticString, _ value: JSON) throws(HullError) -> JSON {
    let matches = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
    guard matches else { throw failure("unexpected character") }
    position += word.utf8CodeUnitCount
    return value
  }

  private mutating func number() throws(HullError) -> JSON {
    let start = position
    while position < bytes.count, isNumberByte(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard start < position, Double(text) != nil, isNumberByte(bytes[start]) else { throw failure("unexpected character") }
    return .number(text)
  }

  private func isNumberByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
  }

  private mutating func string() throws(HullError) -> String {
    position += 1
    var start = position
    var text: [UInt8] = []
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let tail = bytes[start..<position]
        position += 1
        return text.isEmpty ? String(decoding: tail, as: UTF8.self) : String(decoding: text + tail, as: UTF8.self)
      case UInt8(ascii: "\\"):
        text += bytes[start..<position]
        position += 1
        try escape(into: &text)
        start = position
      case 0..<0x20: throw failure("control character in a string")
      default: position += 1
      }
    }
    throw failure("unterminated string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(HullError) {
    guard position < bytes.count else { throw failure("unterminated string") }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "u"): text += Array(String(try unicodeEscape()).utf8)
    default: throw failure("unknown escape")
    }
  }

  /// `XXXX`, with a low surrogate's `\uXXXX` behind a high one; a lone surrogate is U+FFFD, as Go decodes it.
  private mutating func unicodeEscape() throws(HullError) -> Character {
    let first = try hexadecimal()
    guard (0xD800..<0xDC00).contains(first) else { return Character(Unicode.Scalar(first) ?? "\u{FFFD}") }
    guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u") else { return "\u{FFFD}" }
    let mark = position
    position += 2
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second) else {
      position = mark
      return "\u{FFFD}"
    }
    return Character(Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}")
  }

  private mutating func hexadecimal() throws(HullError) -> UInt32 {
    guard position + 4 <= bytes.count, bytes[position] != UInt8(ascii: "+"),
      let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw failure("bad \\u escape") }
    position += 4
    return value
  }
}
