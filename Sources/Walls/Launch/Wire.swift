// SPDX-License-Identifier: Apache-2.0
import Errors

/// The bounds of Hull's binary form: nothing longer is written or believed.
package enum WireLimits {
  /// Bytes in one string, byte array or count of one list.
  package static let length = 16 << 20
}

/// A value with a compact binary form: little-endian numbers, length-prefixed strings and lists, one byte before an optional.
package protocol WireValue {
  /// Appends the value to what is being written.
  func write(to writer: inout WireWriter)
  /// Reads a value that `write(to:)` wrote; hostile input is an `invalidArgument` error.
  init(from reader: inout WireReader) throws(HullError)
}

/// Collects the binary form of values.
package struct WireWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Appends any value that has a binary form.
  package mutating func write<Value: WireValue>(_ value: Value) { value.write(to: &self) }

  /// Appends a presence byte and, when there is one, the value.
  package mutating func write<Value: WireValue>(_ value: Value?) {
    guard let value else { return bytes.append(0) }
    bytes.append(1)
    value.write(to: &self)
  }

  /// Appends a count and the elements.
  package mutating func write<Value: WireValue>(_ values: [Value]) {
    UInt32(values.count).write(to: &self)
    for value in values { value.write(to: &self) }
  }

  /// Appends a length and the bytes.
  package mutating func write(_ value: [UInt8]) {
    UInt32(value.count).write(to: &self)
    bytes.append(contentsOf: value)
  }

  fileprivate mutating func append(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }
}

/// Takes values out of their binary form, in the order in which they were written.
package struct WireReader: Sendable {
  private let bytes: [UInt8]
  private var offset = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// How many bytes have not been read yet.
  package var remaining: Int { bytes.count - offset }

  package mutating func read<Value: WireValue>(_: Value.Type = Value.self) throws(HullError) -> Value { try Value(from: &self) }

  package mutating func readOptional<Value: WireValue>(_: Value.Type = Value.self) throws(HullError) -> Value? {
    try Bool(from: &self) ? try Value(from: &self) : nil
  }

  package mutating func readList<Value: WireValue>(of _: Value.Type = Value.self) throws(HullError) -> [Value] {
    let count = try length()
    var values: [Value] = []
    values.reserveCapacity(min(count, 1024))
    for _ in 0..<count { values.append(try Value(from: &self)) }
    return values
  }

  package mutating func readBytes() throws(HullError) -> [UInt8] {
    let count = try length()
    defer { offset += count }
    return Array(bytes[offset..<offset + count])
  }

  /// Says that everything has been read; bytes that are left over are an error.
  package func finish() throws(HullError) {
    guard remaining == 0 else { throw HullError(.invalidArgument, "message has \(remaining) bytes too many") }
  }

  /// A length or count: every element takes at least one byte, so more than what remains is a lie.
  private mutating func length() throws(HullError) -> Int {
    let count = Int(try UInt32(from: &self))
    guard count <= min(remaining, WireLimits.length) else {
      throw HullError(.invalidArgument, "message is cut short: \(count) announced, \(remaining) bytes left")
    }
    return count
  }

  fileprivate mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(HullError) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw HullError(.invalidArgument, "message is cut short: \(size) bytes needed, \(remaining) left") }
    defer { offset += size }
    return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
  }
}

extension FixedWidthInteger where Self: WireValue {
  package func write(to writer: inout WireWriter) {
    withUnsafeBytes(of: littleEndian) { writer.append($0) }
  }
  package init(from reader: inout WireReader) throws(HullError) { self = try reader.integer(Self.self) }
}

extension UInt8: WireValue {}
extension UInt16: WireValue {}
extension UInt32: WireValue {}
extension UInt64: WireValue {}
extension Int32: WireValue {}
extension Int64: WireValue {}

extension UInt: WireValue {
  package func write(to writer: inout WireWriter) { UInt64(self).write(to: &writer) }
  package init(from reader: inout WireReader) throws(HullError) { self = UInt(try UInt64(from: &reader)) }
}

extension Bool: WireValue {
  package func write(to writer: inout WireWriter) { UInt8(self ? 1 : 0).write(to: &writer) }
  package init(from reader: inout WireReader) throws(HullError) {
    let byte = try UInt8(from: &reader)
    guard byte < 2 else { throw HullError(.invalidArgument, "message is malformed: \(byte) is no truth value") }
    self = byte == 1
  }
}

extension String: WireValue {
  package func write(to writer: inout WireWriter) { writer.write(Array(utf8)) }
  package init(from reader: inout WireReader) throws(HullError) { self = String(decoding: try reader.readBytes(), as: UTF8.self) }
}
