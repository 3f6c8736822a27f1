// SPDX-License-Identifier: Apache-2.0
import Errors

/// Reads one JSON text (RFC 8259). Strict about the grammar, lenient about broken UTF-8 (U+FFFD, as Go reads it), bounded in depth.
struct JSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0
  private static let deepest = 128

  static func read(_ bytes: [UInt8]) throws(HullError) -> JSONValue {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, HullError> in
      var reader = JSONReader(bytes: buffer)
      do throws(HullError) {
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        return reader.at == buffer.count ? .success(value) : .failure(reader.failure("text after the value"))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private func failure(_ what: String) -> HullError { HullError(.invalidArgument, "invalid JSON at byte \(at): \(what)") }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(HullError) -> JSONValue {
    guard depth < Self.deepest else { throw failure("nested too deep") }
    skipSpace()
    guard at < bytes.count else { throw failure("unexpected end of JSON input") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(HullError) -> JSONValue {
    let end = at + word.utf8CodeUnitCount
    guard end <= bytes.count, bytes[at..<end].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)) else {
      throw failure("unexpected character")
    }
    at = end
    return value
  }

  private mutating func object(depth: Int) throws(HullError) -> JSONValue {
    at += 1
    var members: [JSONValue.Member] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw failure("expected a member's name") }
      let name = try string()
      guard take(UInt8(ascii: ":")) else { throw failure("expected a colon after \"\(name)\"") }
      members.append(JSONValue.Member(name, try value(depth: depth + 1)))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw failure("expected a comma or the object's end") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(HullError) -> JSONValue {
    at += 1
    var items: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(items) }
    repeat { items.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw failure("expected a comma or the array's end") }
    return .array(items)
  }

  private mutating func string() throws(HullError) -> String {
    at += 1
    let start = at
    while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 { at += 1 }
    if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
      at += 1
      return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<at - 1]), as: UTF8.self)
    }
    var text = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw failure("control character in a string")
      default: text.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(HullError) {
    guard at < bytes.count else { throw failure("a string does not end") }
    let byte = bytes[at]
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += String(try scalar()).utf8
    default: throw failure("unknown escape in a string")
    }
  }

  /// After `\u`: one code point, of two escapes where they are a pair of surrogates.
  private mutating func scalar() throws(HullError) -> Character {
    let high = try hex4()
    if (0xd800..<0xdc00).contains(high), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") {
      let back = at
      at += 2
      let low = try hex4()
      if (0xdc00..<0xe000).contains(low), let pair = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)) { return Character(pair) }
      at = back
    }
    return Character(Unicode.Scalar(high) ?? "\u{fffd}")
  }

  private mutating func hex4() throws(HullError) -> UInt32 {
    guard at + 4 <= bytes.count, let value = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16), bytes[at] != UInt8(ascii: "+")
    else { throw failure("a \\u escape needs four hexadecimal digits") }
    at += 4
    return value
  }

  private mutating func number() throws(HullError) -> JSONValue {
    let start = at
    _ = takeAny("-")
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[at - whole] != UInt8(ascii: "0") else { throw failure("unexpected character") }
    var exact = true
    if takeAny(".") {
      exact = false
      guard digits() > 0 else { throw failure("a number ends with its point") }
    }
    if takeAny("eE") {
      exact = false
      _ = takeAny("+-")
      guard digits() > 0 else { throw failure("a number without exponent") }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if exact, let value = Int64(text) { return .integer(value) }
    if exact, let value = UInt64(text) { return .unsigned(value) }
    guard let value = Double(text), value.isFinite else { throw failure("a number out of range") }
    return .double(value)
  }

  private mutating func takeAny(_ characters: StaticString) -> Bool {
    let set = UnsafeBufferPointer(start: characters.utf8Start, count: characters.utf8CodeUnitCount)
    guard at < bytes.count, set.contains(bytes[at]) else { return false }
    at += 1
    return true
  }

  private mutating func digits() -> Int {
    let start = at
    while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) { at += 1 }
    return at - start
  }
}
