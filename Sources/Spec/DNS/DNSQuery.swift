// SPDX-License-Identifier: Apache-2.0
import Addressing

/// A question that a client asks (RFC 1035, section 4.1.2): what of the message is needed to answer it.
package struct DNSQuery: Sendable {
  package let id: UInt16
  let flags: UInt16
  /// As text without a dot at the end, in the client's spelling; dots inside a label have a backslash before them.
  package let name: [UInt8]
  package let type: DNSType
  let recordClass: UInt16
  /// The question as it stood in the message: name, type, class.
  let question: [UInt8]
  /// `nil`: the client speaks no EDNS.
  let edns: EDNS?

  /// The client's OPT record (RFC 6891, section 6.1).
  struct EDNS: Sendable {
    let datagramSize: UInt16
    /// 0 is the only one that there is.
    let version: UInt8
    /// The client understands DNSSEC's records (RFC 3225).
    let dnssecOK: Bool
    static let dnssecOK: UInt32 = 0x8000
  }

  /// Whether it is about the Internet: the only class of the zones here.
  package var isInternet: Bool { recordClass == internetClass || recordClass == anyClass }
  /// The longest UDP answer that the client takes, in bytes.
  package var datagramLimit: Int { min(max(Int(edns?.datagramSize ?? 0), DNSLimit.plainDatagram), DNSLimit.datagram) }
  /// The address that a question like `4.3.2.1.in-addr.arpa` is about; `nil` for any other.
  package var reverseAddress: IPAddress? { ReverseName.address(name) }
}

/// What a client's message turned out to be.
package enum ReceivedQuery: Sendable {
  case query(DNSQuery)
  /// Not to be answered otherwise than with this message: it is malformed or asks for an operation that a forwarder does not do.
  case refused([UInt8])
  /// Not to be answered at all: it is an answer itself, or too short to tell whom to answer.
  case ignored

  /// Reads a client's message of any content.
  package init(_ message: UnsafeRawBufferPointer) {
    var reader = MessageReader(message)
    guard let header = try? reader.readHeader(), !header.isResponse else {
      self = .ignored
      return
    }
    self = ReceivedQuery.read(header, &reader)
  }

  private static func read(_ header: MessageHeader, _ reader: inout MessageReader) -> ReceivedQuery {
    func refused(_ code: DNSCode) -> ReceivedQuery { .refused(DNSAnswer.refusal(of: header, code)) }
    guard header.flags & DNSFlag.operation == 0 else { return refused(.notImplemented) }
    guard header.questions == 1, reader.bytes.count <= DNSLimit.query, let query = try? DNSQuery(header, &reader) else {
      return refused(.formatError)
    }
    if query.type == .axfr || query.type == .ixfr { return .refused(DNSAnswer.empty(query, .notImplemented)) }
    return query.edns?.version ?? 0 == 0 ? .query(query) : .refused(DNSAnswer.empty(query, .badVersion))
  }
}

extension DNSQuery {
  /// Reads what follows the header: one question and any records, of which only OPT says something; nothing may stand behind them.
  fileprivate init(_ header: MessageHeader, _ reader: inout MessageReader) throws(MalformedMessage) {
    id = header.id
    flags = header.flags
    let start = reader.offset
    name = try reader.readName()
    type = DNSType(rawValue: try reader.readUInt16())
    recordClass = try reader.readUInt16()
    question = Array(reader.bytes[start..<reader.offset])
    edns = try DNSQuery.readExtension(header.records, &reader)
    guard reader.isAtEnd else { throw MalformedMessage() }
  }

  private static func readExtension(_ records: Int, _ reader: inout MessageReader) throws(MalformedMessage) -> EDNS? {
    var edns: EDNS?
    for _ in 0..<records {
      let record = try reader.readRecord()
      guard record.type == .opt else { continue }
      guard edns == nil, record.isOfRoot else { throw MalformedMessage() }
      edns = EDNS(datagramSize: record.recordClass, version: UInt8(truncatingIfNeeded: record.ttl >> 16), dnssecOK: record.ttl & EDNS.dnssecOK != 0)
    }
    return edns
  }
}
