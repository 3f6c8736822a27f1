// SPDX-License-Identifier: Apache-2.0

/// Encodes to a value; members keep the order in which they are encoded (dictionaries of strings: by key).
///
/// One encoder is one node of the tree that comes out.
final class JSONValueEncoder: Encoder, SingleValueEncodingContainer {
  private enum Content {
    case value(JSONValue)
    case array([JSONValueEncoder])
    case object([(name: String, node: JSONValueEncoder)])
  }

  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }
  private var content = Content.object([])

  init(codingPath: [any CodingKey]) { self.codingPath = codingPath }

  /// What has been encoded.
  var result: JSONValue {
    switch content {
    case .value(let value): value
    case .array(let nodes): .array(nodes.map(\.result))
    case .object(let members): .object(members.map { JSONValue.Member($0.name, $0.node.result) })
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> { KeyedEncodingContainer(Keyed(encoder: self)) }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .array = content {} else { content = .array([]) }
    return Unkeyed(encoder: self)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func encodeNil() { content = .value(.null) }
  func encode(_ value: Bool) { content = .value(.bool(value)) }
  func encode(_ value: String) { content = .value(.string(value)) }
  func encode(_ value: Double) { content = .value(.double(value)) }
  func encode(_ value: Float) { content = .value(.double(Double(value))) }
  func encode(_ value: Int) { encode(Int64(value)) }
  func encode(_ value: Int8) { encode(Int64(value)) }
  func encode(_ value: Int16) { encode(Int64(value)) }
  func encode(_ value: Int32) { encode(Int64(value)) }
  func encode(_ value: Int64) { content = .value(.integer(value)) }
  func encode(_ value: UInt) { encode(UInt64(value)) }
  func encode(_ value: UInt8) { encode(Int64(value)) }
  func encode(_ value: UInt16) { encode(Int64(value)) }
  func encode(_ value: UInt32) { encode(Int64(value)) }
  func encode(_ value: UInt64) { content = .value(JSONValue(value)) }
  func encode<T: Encodable>(_ value: T) throws {
    if let texts = value as? [String: String] {
      content = .value(.object(texts.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }))
    } else {
      try value.encode(to: self)
    }
  }

  fileprivate var count: Int { if case .array(let nodes) = content { nodes.count } else { 0 } }

  fileprivate func append() -> JSONValueEncoder {
    let node = JSONValueEncoder(codingPath: codingPath + [JSONKey(intValue: count)])
    if case .array(let nodes) = content { content = .array(nodes + [node]) }
    return node
  }

  fileprivate func member(_ key: some CodingKey) -> JSONValueEncoder {
    let node = JSONValueEncoder(codingPath: codingPath + [key])
    if case .object(let members) = content { content = .object(members + [(key.stringValue, node)]) }
    return node
  }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let encoder: JSONValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }

  mutating func encodeNil(forKey key: Key) { encoder.member(key).encodeNil() }
  mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try encoder.member(key).encode(value) }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
    encoder.member(key).container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder.member(key).unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { encoder.member(JSONKey("super")) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { encoder.member(key) }
}

private struct Unkeyed: UnkeyedEncodingContainer {
  let encoder: JSONValueEncoder
  var codingPath: [any CodingKey] { encoder.codingPath }
  var count: Int { encoder.count }

  mutating func encodeNil() { encoder.append().encodeNil() }
  mutating func encode<T: Encodable>(_ value: T) throws { try encoder.append().encode(value) }
  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    encoder.append().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.append().unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { encoder.append() }
}
