// SPDX-License-Identifier: Apache-2.0

/// What a server that was asked on a client's behalf has answered.
package enum UpstreamAnswer: Equatable, Sendable {
  /// For the client, as it is.
  case usable
  /// For the client, but records are missing.
  case truncated
  /// The server cannot tell: another may.
  case failed
  /// Not an answer to this question: somebody guesses, or it comes too late (RFC 5452, section 9.1).
  case unrelated

  /// Judges a message that came from where the question went, as the answer to `query` asked under the number `id`.
  package init(_ message: UnsafeRawBufferPointer, to query: DNSQuery, id: UInt16) {
    var reader = MessageReader(message)
    guard let header = try? reader.readHeader(), header.isResponse, header.id == id else {
      self = .unrelated
      return
    }
    guard header.questions > 0 else {
      // So answer servers that could not read the question.
      self = header.flags & DNSFlag.code == 0 ? .unrelated : .failed
      return
    }
    self = UpstreamAnswer.judge(header, &reader, query)
  }

  private static func judge(_ header: MessageHeader, _ reader: inout MessageReader, _ query: DNSQuery) -> UpstreamAnswer {
    guard header.questions == 1, let name = try? reader.readName(), let type = try? reader.readUInt16(), let recordClass = try? reader.readUInt16(),
      type == query.type.rawValue, recordClass == query.recordClass,
      name.withUnsafeBytes({ name in query.name.withUnsafeBytes { DomainName.equal(name, $0) } })
    else { return .unrelated }
    let code = DNSCode(rawValue: header.flags & DNSFlag.code)
    if code == .serverFailure || code == .refused { return .failed }
    if header.flags & DNSFlag.truncated != 0 { return .truncated }
    for _ in 0..<header.records where (try? reader.readRecord()) == nil { return .failed }
    return .usable
  }

  /// The message with another number, without the records that do not fit into `limit` bytes: then it says that it is truncated, and ends in an
  /// OPT record when the client has sent one.
  package static func message(_ message: UnsafeRawBufferPointer, id: UInt16, to query: DNSQuery, limit: Int) -> [UInt8] {
    var bytes = message.count <= limit ? Array(message) : cut(message, query, limit)
    bytes[0] = UInt8(id >> 8)
    bytes[1] = UInt8(truncatingIfNeeded: id)
    return bytes
  }

  private static func cut(_ message: UnsafeRawBufferPointer, _ query: DNSQuery, _ limit: Int) -> [UInt8] {
    var reader = MessageReader(message)
    guard let header = try? reader.readHeader(), (try? reader.readName()) != nil, (try? reader.readUInt16()) != nil, (try? reader.readUInt16()) != nil
    else { return DNSAnswer.empty(query, .serverFailure) }
    let room = limit - (query.edns == nil ? 0 : DNSAnswer.extensionSize)
    var answers: UInt16 = 0
    var end = reader.offset
    while answers < header.answers, (try? reader.readRecord()) != nil, reader.offset <= room {
      answers += 1
      end = reader.offset
    }
    var bytes = Array(message[..<end])
    if let edns = query.edns { bytes.appendExtension(edns, DNSCode(rawValue: header.flags & DNSFlag.code)) }
    bytes.setHeader([header.id, header.flags | DNSFlag.truncated, 1, answers, 0, query.edns == nil ? 0 : 1])
    return bytes
  }
}
