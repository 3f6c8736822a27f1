// SPDX-License-Identifier: Apache-2.0

/// A JSON value as it came: objects keep their order, numbers keep their text (RFC 8259).
///
/// The client decodes answers into this instead of typed values: it starts without Foundation, it shows fields that a newer engine sends,
/// and templates walk it freely.
enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  /// The digits as they were written.
  case number(String)
  case string(String)
  case array([JSON])
  case object(JSONObject)

  /// A member of an object; `.null` when it is not there or this is not an object.
  subscript(_ key: String) -> JSON {
    if case .object(let object) = self { return object[key] ?? .null }
    return .null
  }

  var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The string, or "" for everything else.
  var text: String { string ?? "" }

  var int: Int? {
    guard case .number(let digits) = self else { return nil }
    if let value = Int(digits) { return value }
    guard let value = Double(digits), value.magnitude < 9e18 else { return nil }
    return Int(value)
  }

  var double: Double? {
    if case .number(let digits) = self { return Double(digits) }
    return nil
  }

  var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  /// The elements; empty for everything that is not an array.
  var array: [JSON] {
    if case .array(let elements) = self { return elements }
    return []
  }

  /// The members; empty for everything that is not an object.
  var object: JSONObject {
    if case .object(let members) = self { return members }
    return JSONObject()
  }

  var isNull: Bool { self == .null }

  /// The strings of an array of strings.
  var strings: [String] { array.compactMap(\.string) }

  static func int(_ value: Int) -> JSON { .number(String(value)) }
  static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }
  /// Nothing to say is said with `null`.
  static func optional(_ values: [String]) -> JSON { values.isEmpty ? .null : .strings(values) }
}

/// The members of a JSON object in the order in which they came.
struct JSONObject: Equatable, Sendable {
  private(set) var members: [(key: String, value: JSON)] = []

  subscript(_ key: String) -> JSON? {
    get { members.first { $0.key == key }?.value }
    set {
      let index = members.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((key, value))
      case (nil, nil): break
      }
    }
  }

  /// For a parser that has just read the member; no look for an earlier one of the same name.
  mutating func append(_ key: String, _ value: JSON) { members.append((key, value)) }

  var keys: [String] { members.map(\.key) }
  var isEmpty: Bool { members.isEmpty }
  var count: Int { members.count }
  /// As Go prints and ranges over a map.
  var sorted: [(key: String, value: JSON)] { members.sorted { $0.key < $1.key } }

  static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members.count == right.members.count && zip(left.members, right.members).allSatisfy { $0.key == $1.key && $0.value == $1.value }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(integerLiteral value: Int) { self = .int(value) }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSON)...) {
    var object = JSONObject()
    for (key, value) in elements { object.append(key, value) }
    self = .object(object)
  }
}
