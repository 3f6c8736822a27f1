// SPDX-License-Identifier: Apache-2.0

/// One record of a json-file log: `{"log":"…\n","stream":"stdout","attrs":{…},"time":"…"}`.
struct LogLine: Equatable {
  var message: [UInt8] = []
  var isError = false
  /// Nanoseconds since 1970.
  var time: Int64 = 0
  /// `key=value,…`, sorted.
  var attributes = ""

  /// Parses a line without its newline; `nil` when it is not a whole record (torn by a crash).
  init?(_ line: ArraySlice<UInt8>) {
    var scanner = JSONScanner(line)
    guard scanner.skip("{") else { return nil }
    var attributes: [String: String] = [:]
    while !scanner.skip("}") {
      guard let key = scanner.string(), scanner.skip(":") else { return nil }
      switch String(decoding: key, as: UTF8.self) {
      case "log":
        guard let value = scanner.string() else { return nil }
        message = value
      case "stream":
        guard let value = scanner.string() else { return nil }
        isError = value.elementsEqual("stderr".utf8)
      case "time":
        guard let value = scanner.string(), let instant = Timestamp.parse(value) else { return nil }
        time = instant
      case "attrs":
        guard let value = scanner.stringMap() else { return nil }
        attributes = value
      default: return nil
      }
      _ = scanner.skip(",")
    }
    self.attributes = attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}

/// Reads the little JSON that log records are made of.
private struct JSONScanner {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    guard bytes.first == UInt8(ascii: character) else { return false }
    bytes.removeFirst()
    return true
  }

  mutating func string() -> [UInt8]? {
    guard skip("\"") else { return nil }
    var text: [UInt8] = []
    while let plain = bytes.firstIndex(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
      text.append(contentsOf: bytes[bytes.startIndex..<plain])
      let end = bytes[plain] == UInt8(ascii: "\"")
      bytes = bytes[(plain + 1)...]
      if end { return text }
      guard escape(into: &text) else { return nil }
    }
    return nil
  }

  mutating func stringMap() -> [String: String]? {
    guard skip("{") else { return nil }
    var map: [String: String] = [:]
    while !skip("}") {
      guard let key = string(), skip(":"), let value = string() else { return nil }
      map[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
      _ = skip(",")
    }
    return map
  }

  private mutating func escape(into text: inout [UInt8]) -> Bool {
    guard let kind = bytes.popFirst() else { return false }
    switch kind {
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
    case UInt8(ascii: "u"):
      guard var code = hexadecimal() else { return false }
      if (0xD800..<0xDC00).contains(code), bytes.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
        let saved = bytes
        bytes.removeFirst(2)
        if let low = hexadecimal(), (0xDC00..<0xE000).contains(low) {
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        } else {
          bytes = saved
        }
      }
      text.append(contentsOf: String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
    default: return false
    }
    return true
  }

  private mutating func hexadecimal() -> UInt32? {
    guard bytes.count >= 4 else { return nil }
    var value: UInt32 = 0
    for byte in bytes.prefix(4) {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    bytes.removeFirst(4)
    return value
  }
}
