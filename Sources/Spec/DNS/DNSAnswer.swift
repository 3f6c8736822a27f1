// SPDX-License-Identifier: Apache-2.0
import Addressing

/// Builds the answer to a query, record by record (RFC 1035, section 4.1).
package struct DNSAnswer {
  /// How long a client may keep a record, in seconds: as Docker's embedded server says.
  package static let timeToLive: UInt32 = 600
  /// A pointer to the name in the question, which stands behind the header.
  private static let ownerPointer: UInt16 = 0xC00C

  private let query: DNSQuery
  private let code: DNSCode
  private let limit: Int
  private var bytes: [UInt8] = []
  private var records: UInt16 = 0
  private var isTruncated = false

  /// An answer of at most `limit` bytes without records.
  package init(to query: DNSQuery, _ code: DNSCode = .noError, limit: Int) {
    self.query = query
    self.code = code
    self.limit = limit - (query.edns == nil ? 0 : DNSAnswer.extensionSize)
    bytes.reserveCapacity(DNSLimit.plainDatagram)
    bytes.append(contentsOf: repeatElement(0, count: DNSLimit.header))
    bytes += query.question
  }

  /// A whole answer without records.
  package static func empty(_ query: DNSQuery, _ code: DNSCode) -> [UInt8] {
    DNSAnswer(to: query, code, limit: DNSLimit.plainDatagram).message()
  }

  /// Adds an A or AAAA record; when there is no room left the answer says that it is truncated.
  package mutating func append(_ address: IPAddress) {
    let count = address.family.bits / 8
    guard begin(address.family == .v4 ? .a : .aaaa, dataCount: count) else { return }
    for shift in stride(from: address.family.bits - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: address.value >> UInt128(shift)))
    }
  }

  /// Adds a PTR record with a name as text. `false`: it is none that a message could hold.
  package mutating func append(pointerTo name: some Collection<UInt8>) -> Bool {
    guard let wire = DomainName.wire(name) else { return false }
    if begin(.ptr, dataCount: wire.count) { bytes += wire }
    return true
  }

  /// The finished message.
  package consuming func message() -> [UInt8] {
    if let edns = query.edns { bytes.appendExtension(edns, code) }
    var flags = DNSFlag.response | DNSFlag.recursionAvailable | code.rawValue & DNSFlag.code
    flags |= query.flags & (DNSFlag.operation | DNSFlag.recursionDesired | DNSFlag.checkingDisabled)
    if isTruncated { flags |= DNSFlag.truncated }
    bytes.setHeader([query.id, flags, 1, records, 0, query.edns == nil ? 0 : 1])
    return bytes
  }

  private mutating func begin(_ type: DNSType, dataCount: Int) -> Bool {
    guard bytes.count + 12 + dataCount <= limit, records < .max else {
      isTruncated = true
      return false
    }
    bytes.append(number: DNSAnswer.ownerPointer)
    bytes.append(number: type.rawValue)
    bytes.append(number: internetClass)
    bytes.append(number: UInt16(DNSAnswer.timeToLive >> 16))
    bytes.append(number: UInt16(truncatingIfNeeded: DNSAnswer.timeToLive))
    bytes.append(number: UInt16(dataCount))
    records += 1
    return true
  }

  /// An OPT record without options, in bytes.
  static let extensionSize = 11

  /// The answer to a message of which only the header is understood.
  static func refusal(of header: MessageHeader, _ code: DNSCode) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: DNSLimit.header)
    let kept = header.flags & (DNSFlag.operation | DNSFlag.recursionDesired | DNSFlag.checkingDisabled)
    bytes.setHeader([header.id, DNSFlag.response | DNSFlag.recursionAvailable | kept | code.rawValue, 0, 0, 0, 0])
    return bytes
  }
}

extension [UInt8] {
  mutating func append(number: UInt16) {
    append(UInt8(number >> 8))
    append(UInt8(truncatingIfNeeded: number))
  }

  mutating func setHeader(_ fields: [UInt16]) {
    for (index, field) in fields.enumerated() {
      self[2 * index] = UInt8(field >> 8)
      self[2 * index + 1] = UInt8(truncatingIfNeeded: field)
    }
  }

  /// Adds our OPT record, in which the upper bits of the code stand (RFC 6891, section 6.1.3).
  mutating func appendExtension(_ client: DNSQuery.EDNS, _ code: DNSCode) {
    append(0)
    append(number: DNSType.opt.rawValue)
    append(number: UInt16(DNSLimit.query))
    append(number: (code.rawValue >> 4) << 8)
    append(number: client.dnssecOK ? UInt16(DNSQuery.EDNS.dnssecOK) : 0)
    append(number: UInt16(0))
  }
}
