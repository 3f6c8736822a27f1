// SPDX-License-Identifier: Apache-2.0

/// A JSON text taken apart. Objects keep the order of their members.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// Above `Int64.max`.
  case unsigned(UInt64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Sendable, Equatable {
    package var name: String
    package var value: JSONValue
    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// An object's member; of several with one name the last, as in Go.
  package subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name == name }?.value
  }

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .integer, .unsigned, .double: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }

  package init(_ value: UInt64) { self = Int64(exactly: value).map(JSONValue.integer) ?? .unsigned(value) }
}

extension JSONValue {
  /// The text, on one line or, with `indent`, a member a line, as Go's MarshalIndent writes it.
  package func text(indent: String? = nil) -> [UInt8] {
    var out: [UInt8] = []
    write(to: &out, indent: indent.map { Array($0.utf8) }, depth: 0)
    return out
  }

  private func write(to out: inout [UInt8], indent: [UInt8]?, depth: Int) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .integer(let value): out += String(value).utf8
    case .unsigned(let value): out += String(value).utf8
    case .double(let value): out += (value.isFinite ? "\(value)" : "null").utf8
    case .string(let value): Self.quote(value, to: &out)
    case .array(let items):
      Self.list(items, between: ("[", "]"), to: &out, indent: indent, depth: depth) { $0.write(to: &$1, indent: indent, depth: depth + 1) }
    case .object(let members):
      Self.list(members, between: ("{", "}"), to: &out, indent: indent, depth: depth) { member, out in
        Self.quote(member.name, to: &out)
        out += (indent == nil ? ":" : ": ").utf8
        member.value.write(to: &out, indent: indent, depth: depth + 1)
      }
    }
  }

  private static func list<Item>(
    _ items: [Item], between braces: (String, String), to out: inout [UInt8], indent: [UInt8]?, depth: Int, write: (Item, inout [UInt8]) -> Void
  ) {
    out += braces.0.utf8
    for (index, item) in items.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      newLine(indent, depth + 1, to: &out)
      write(item, &out)
    }
    if !items.isEmpty { newLine(indent, depth, to: &out) }
    out += braces.1.utf8
  }

  private static func newLine(_ indent: [UInt8]?, _ depth: Int, to out: inout [UInt8]) {
    guard let indent else { return }
    out.append(UInt8(ascii: "\n"))
    for _ in 0..<depth { out += indent }
  }

  private static func quote(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): out += "\\n".utf8
      case UInt8(ascii: "\r"): out += "\\r".utf8
      case UInt8(ascii: "\t"): out += "\\t".utf8
      case 0..<0x20, 0x7f: out += "\\u00".utf8 + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  private static let hex = Array("0123456789abcdef".utf8)
}
