// SPDX-License-Identifier: Apache-2.0

extension JSON {
  /// Compact text. With `escapeHTML`, `<`, `>` and `&` are written as Go's encoder writes them.
  func encoded(escapeHTML: Bool = false) -> String {
    var text: [UInt8] = []
    write(to: &text, escapeHTML: escapeHTML)
    return String(decoding: text, as: UTF8.self)
  }

  private func write(to text: inout [UInt8], escapeHTML: Bool) {
    switch self {
    case .null: text += "null".utf8
    case .bool(let value): text += (value ? "true" : "false").utf8
    case .number(let digits): text += digits.utf8
    case .string(let string): Self.quote(string, into: &text, escapeHTML: escapeHTML)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        element.write(to: &text, escapeHTML: escapeHTML)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let object):
      text.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        Self.quote(member.key, into: &text, escapeHTML: escapeHTML)
        text.append(UInt8(ascii: ":"))
        member.value.write(to: &text, escapeHTML: escapeHTML)
      }
      text.append(UInt8(ascii: "}"))
    }
  }

  private static func quote(_ string: String, into text: inout [UInt8], escapeHTML: Bool) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0x0A: text += "\\n".utf8
      case 0x0D: text += "\\r".utf8
      case 0x09: text += "\\t".utf8
      case 0..<0x20: text += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
        if escapeHTML { text += "\\u00\(String(byte, radix: 16))".utf8 } else { text.append(byte) }
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}

/// Lays JSON text out anew without decoding it: what the engine wrote stays as it is, byte for byte, only the white space changes.
enum JSONLayout {
  /// As `docker inspect` prints it: four spaces a level, empty arrays and objects on one line.
  static func indented(_ source: [UInt8], unit: String = "    ") -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(source.count * 2)
    var depth = 0
    var inString = false
    var opened = false
    var index = 0
    func newline() { out += ("\n" + String(repeating: unit, count: depth)).utf8 }
    while index < source.count {
      let byte = source[index]
      index += 1
      if inString {
        out.append(byte)
        if byte == UInt8(ascii: "\\"), index < source.count {
          out.append(source[index])
          index += 1
        } else if byte == UInt8(ascii: "\"") {
          inString = false
        }
        continue
      }
      if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { continue }
      if opened, byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}") {
        depth += 1
        newline()
        opened = false
      }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        out.append(byte)
        opened = true
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if opened {
          opened = false
        } else {
          depth -= 1
          newline()
        }
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        newline()
      case UInt8(ascii: ":"): out += ": ".utf8
      default:
        out.append(byte)
        inString = byte == UInt8(ascii: "\"")
      }
    }
    return out
  }

  /// The text without white space between the tokens.
  static func compact(_ source: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var inString = false
    var escaped = false
    for byte in source {
      if !inString, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { continue }
      out.append(byte)
      if escaped {
        escaped = false
      } else if inString, byte == UInt8(ascii: "\\") {
        escaped = true
      } else if byte == UInt8(ascii: "\"") {
        inString.toggle()
      }
    }
    return out
  }
}
