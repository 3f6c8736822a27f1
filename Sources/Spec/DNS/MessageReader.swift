// SPDX-License-Identifier: Apache-2.0

/// Bytes that are no DNS message.
struct MalformedMessage: Error {}

/// The fixed first part of a message (RFC 1035, section 4.1.1).
struct MessageHeader {
  let id: UInt16
  let flags: UInt16
  let questions: UInt16
  let answers: UInt16
  let authorities: UInt16
  let additionals: UInt16

  var isResponse: Bool { flags & DNSFlag.response != 0 }
  var records: Int { Int(answers) + Int(authorities) + Int(additionals) }
}

/// A record without its owner's name (RFC 1035, section 4.1.3).
struct MessageRecord {
  let type: DNSType
  /// Of an OPT: the size of datagrams.
  let recordClass: UInt16
  /// Of an OPT: code, version and flags.
  let ttl: UInt32
  /// The owner is the root.
  let isOfRoot: Bool
}

/// Goes through a message from its beginning; never beyond its end, never in circles.
struct MessageReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func readHeader() throws(MalformedMessage) -> MessageHeader {
    MessageHeader(
      id: try readUInt16(), flags: try readUInt16(), questions: try readUInt16(), answers: try readUInt16(), authorities: try readUInt16(),
      additionals: try readUInt16())
  }

  mutating func readUInt16() throws(MalformedMessage) -> UInt16 {
    try require(2)
    defer { offset += 2 }
    return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
  }

  /// The text of a name. A pointer must lead backwards from where the piece began that it ends (RFC 1035, section 4.1.4), so there is no circle.
  mutating func readName() throws(MalformedMessage) -> [UInt8] {
    var text: [UInt8] = []
    var length = 1
    var position = offset
    var start = offset
    var end: Int?
    while true {
      let first = Int(try byte(at: position))
      if first == 0 { break }
      if first >= 0xC0 {
        let target = (first & 0x3F) << 8 | Int(try byte(at: position + 1))
        guard target < start, target >= DNSLimit.header else { throw MalformedMessage() }
        end = end ?? position + 2
        start = target
        position = target
      } else {
        length += first + 1
        guard first <= DNSLimit.label, length <= DNSLimit.name, position + first < bytes.count else { throw MalformedMessage() }
        DomainName.append(UnsafeRawBufferPointer(rebasing: bytes[position + 1...position + first]), to: &text)
        position += first + 1
      }
    }
    offset = end ?? position + 1
    return text
  }

  /// Reads a record's fixed part and passes over its data.
  mutating func readRecord() throws(MalformedMessage) -> MessageRecord {
    let isOfRoot = try byte(at: offset) == 0
    try skipName()
    let type = DNSType(rawValue: try readUInt16())
    let recordClass = try readUInt16()
    let ttl = UInt32(try readUInt16()) << 16 | UInt32(try readUInt16())
    let length = Int(try readUInt16())
    try require(length)
    offset += length
    return MessageRecord(type: type, recordClass: recordClass, ttl: ttl, isOfRoot: isOfRoot)
  }

  private mutating func skipName() throws(MalformedMessage) {
    while true {
      let first = Int(try byte(at: offset))
      if first >= 0xC0 {
        try require(2)
        offset += 2
        return
      }
      guard first <= DNSLimit.label else { throw MalformedMessage() }
      try require(first + 1)
      offset += first + 1
      if first == 0 { return }
    }
  }

  private func byte(at position: Int) throws(MalformedMessage) -> UInt8 {
    guard position < bytes.count else { throw MalformedMessage() }
    return bytes[position]
  }

  private func require(_ count: Int) throws(MalformedMessage) {
    guard bytes.count - offset >= count else { throw MalformedMessage() }
  }
}
