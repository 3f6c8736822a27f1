// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// One netlink message to the kernel (RFC 3549, section 2.2): a header, a fixed part, and attributes, each padded to four bytes.
package struct NetlinkRequest: Sendable {
  /// `NLM_F_*` of linux/netlink.h.
  package struct Flags: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package static let request = Flags(rawValue: 0x1)
    package static let acknowledge = Flags(rawValue: 0x4)
    package static let exclusive = Flags(rawValue: 0x200)
    package static let create = Flags(rawValue: 0x400)
    package static let replace = Flags(rawValue: 0x100)
    package static let dump = Flags(rawValue: 0x300)
    package static let append = Flags(rawValue: 0x800)
  }

  /// What is attempted, for errors: `make bridge br0`.
  package let purpose: String
  private(set) var bytes: [UInt8] = []
  let isAcknowledged: Bool
  /// Of an attribute, with its header.
  private static let lengthLimit = Int(UInt16.max)
  private var isTooLong = false

  package init(_ type: UInt16, _ flags: Flags, _ purpose: String) {
    self.purpose = purpose
    isAcknowledged = flags.contains(.acknowledge)
    append(UInt32(0))
    append(type)
    append(flags.union(.request).rawValue)
    append(UInt64(0))
  }

  package mutating func append<Value: FixedWidthInteger>(_ value: Value) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }

  /// An attribute with a number in host order.
  package mutating func attribute<Value: FixedWidthInteger>(_ type: UInt16, _ value: Value) {
    nest(type, flag: 0) { $0.append(value) }
  }

  /// An attribute with a text and its closing zero.
  package mutating func attribute(_ type: UInt16, _ text: String) { attribute(type, Array(text.utf8) + [0]) }

  package mutating func attribute(_ type: UInt16, _ value: [UInt8]) {
    nest(type, flag: 0) { $0.bytes.append(contentsOf: value) }
  }

  /// An attribute that holds attributes. `flag`: `NLA_F_NESTED`, which older families do not expect.
  package mutating func nest(_ type: UInt16, flag: UInt16 = 0x8000, _ body: (inout NetlinkRequest) -> Void) {
    let start = bytes.count
    append(UInt16(0))
    append(type | flag)
    body(&self)
    let length = bytes.count - start
    if length > NetlinkRequest.lengthLimit { isTooLong = true }
    set(UInt16(truncatingIfNeeded: length), at: start)
    while bytes.count % 4 != 0 { bytes.append(0) }
  }

  /// Throws `EMSGSIZE` when an attribute is longer than its length can say: the kernel would take its end for other attributes.
  func checkLength() throws(SystemError) { if isTooLong { throw SystemError(EMSGSIZE, purpose) } }

  /// The message with its length and number filled in.
  func finished(_ sequence: UInt32) -> [UInt8] {
    var message = self
    message.set(UInt32(message.bytes.count), at: 0)
    message.set(sequence, at: 8)
    return message.bytes
  }

  private mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: offset, as: Value.self) }
  }
}

/// A message from the kernel, after its header.
package struct NetlinkMessage: Sendable {
  package let type: UInt16
  let flags: UInt16
  let sequence: UInt32
  package let payload: ArraySlice<UInt8>

  /// The messages of one datagram; one that is cut off is left out.
  static func all(in datagram: ArraySlice<UInt8>) -> [NetlinkMessage] {
    var messages: [NetlinkMessage] = []
    var rest = datagram
    while rest.count >= 16 {
      let length = Int(rest.number(0, as: UInt32.self))
      guard length >= 16, length <= rest.count else { break }
      messages.append(
        NetlinkMessage(
          type: rest.number(4), flags: rest.number(6), sequence: rest.number(8), payload: ArraySlice(Array(rest.dropFirst(16).prefix(length - 16)))))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return messages
  }

  /// The number at `offset` of the fixed part; 0 when the message is too short.
  package func number<Value: FixedWidthInteger>(_ offset: Int, as _: Value.Type = Value.self) -> Value { payload.number(offset) }

  /// The attributes behind a fixed part of `length` bytes, by type. Of a type that is there twice the last is given.
  package func attributes(after length: Int) -> [UInt16: ArraySlice<UInt8>] { payload.dropFirst((length + 3) & ~3).attributes }
}

extension ArraySlice<UInt8> {
  /// The number at `offset` from the slice's start, in host order; 0 when there are not enough bytes.
  package func number<Value: FixedWidthInteger>(_ offset: Int = 0, as _: Value.Type = Value.self) -> Value {
    guard offset >= 0, count >= offset + MemoryLayout<Value>.size else { return 0 }
    return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
  }

  /// The text up to a zero.
  package var text: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }

  /// What this slice holds when it is a list of attributes.
  package var attributes: [UInt16: ArraySlice<UInt8>] {
    var result: [UInt16: ArraySlice<UInt8>] = [:]
    var rest = self
    while rest.count >= 4 {
      let length = Int(rest.number(0, as: UInt16.self))
      guard length >= 4, length <= rest.count else { break }
      result[rest.number(2, as: UInt16.self) & 0x3FFF] = rest.dropFirst(4).prefix(length - 4)
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return result
  }
}
