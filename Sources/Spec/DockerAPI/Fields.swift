// SPDX-License-Identifier: Apache-2.0

/// A type whose `init()` is what Go calls the zero value: what a field has when the JSON does not mention it.
package protocol ZeroValue: Codable, Equatable {
  init()
}

extension String: ZeroValue {}
extension Bool: ZeroValue {}
extension Int: ZeroValue {}
extension Int32: ZeroValue {}
extension Int64: ZeroValue {}
extension UInt16: ZeroValue {}
extension UInt32: ZeroValue {}
extension UInt64: ZeroValue {}
extension Double: ZeroValue {}
extension Array: ZeroValue where Element: Codable & Equatable {}
extension Dictionary: ZeroValue where Key: Codable, Value: Codable & Equatable {}

/// Go's `struct{}` as a map's value: `{"80/tcp": {}}`.
package struct Empty: ZeroValue, Sendable {
  package init() {}
}

/// Missing or null decodes to the zero value; always written.
@propertyWrapper
package struct Field<Value: ZeroValue & Sendable>: Codable, Sendable, Equatable {
  package var wrappedValue: Value
  package init() { wrappedValue = Value() }
  package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws { wrappedValue = try decoder.singleValueContainer().decode(Value.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

/// Missing or null decodes to the zero value; a zero value is not written (Go's `omitempty`).
@propertyWrapper
package struct OmitEmpty<Value: ZeroValue & Sendable>: Codable, Sendable, Equatable {
  package var wrappedValue: Value
  package init() { wrappedValue = Value() }
  package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws { wrappedValue = try decoder.singleValueContainer().decode(Value.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}

/// Missing or null decodes to `nil`; `nil` is written as null (Go's nil slices, maps and pointers without `omitempty`).
@propertyWrapper
package struct OrNull<Wrapped: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
  package var wrappedValue: Wrapped?
  package init() { wrappedValue = nil }
  package init(wrappedValue: Wrapped?) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Wrapped.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}

/// Docker's string slice: a list of strings or one string on decoding; a list or null on encoding.
@propertyWrapper
package struct Words: Codable, Sendable, Equatable {
  package var wrappedValue: [String]?
  package init() { wrappedValue = nil }
  package init(wrappedValue: [String]?) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      wrappedValue = nil
    } else if let word = try? container.decode(String.self) {
      wrappedValue = [word]
    } else {
      wrappedValue = try container.decode([String].self)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}

// The synthesized Codable implementations of structures with the wrappers above call these: they know about missing keys.
extension KeyedDecodingContainer {
  package func decode<Value>(_ type: Field<Value>.Type, forKey key: Key) throws -> Field<Value> {
    Field(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? Value())
  }

  package func decode<Value>(_ type: OmitEmpty<Value>.Type, forKey key: Key) throws -> OmitEmpty<Value> {
    OmitEmpty(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? Value())
  }

  package func decode<Wrapped>(_ type: OrNull<Wrapped>.Type, forKey key: Key) throws -> OrNull<Wrapped> {
    OrNull(wrappedValue: try decodeIfPresent(Wrapped.self, forKey: key))
  }

  package func decode(_ type: Words.Type, forKey key: Key) throws -> Words {
    try decodeIfPresent(Words.self, forKey: key) ?? Words()
  }
}

extension KeyedEncodingContainer {
  package mutating func encode<Value>(_ value: OmitEmpty<Value>, forKey key: Key) throws {
    guard value.wrappedValue != Value() else { return }
    try encode(value.wrappedValue, forKey: key)
  }
}
