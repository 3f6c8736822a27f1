// SPDX-License-Identifier: Apache-2.0
import Addressing
import Testing

@testable import DNS

/// A query's message: header, one question, then `extra`.
func message(_ name: String, type: UInt16 = 1, id: UInt16 = 0x1234, flags: UInt16 = 0x0100, counts: [UInt16] = [1, 0, 0, 0], extra: [UInt8] = [])
  -> [UInt8]
{
  var bytes: [UInt8] = []
  for field in [id, flags] + counts { bytes.append(number: field) }
  for label in name.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + label.utf8 }
  return bytes + [0, UInt8(type >> 8), UInt8(truncatingIfNeeded: type), 0, 1] + extra
}

/// An OPT record.
func extensionRecord(size: UInt16, version: UInt8 = 0, flags: UInt8 = 0) -> [UInt8] {
  [0, 0, 41, UInt8(size >> 8), UInt8(truncatingIfNeeded: size), 0, version, flags, 0, 0, 0]
}

func received(_ bytes: [UInt8]) -> ReceivedQuery { bytes.withUnsafeBytes { ReceivedQuery($0) } }

func query(_ bytes: [UInt8]) throws -> DNSQuery {
  guard case .query(let query) = received(bytes) else { throw MalformedMessage() }
  return query
}

/// The code of a refusal.
func refusal(_ bytes: [UInt8]) -> UInt8? {
  guard case .refused(let answer) = received(bytes) else { return nil }
  return answer[3] & 15
}

struct MessageTests {
  @Test func aQuestionIsRead() throws {
    let query = try query(message("Web.Front", type: 28))
    #expect(String(decoding: query.name, as: UTF8.self) == "Web.Front")
    #expect(query.type == .aaaa && query.id == 0x1234 && query.isInternet && query.datagramLimit == 512)
  }

  @Test func aDotInsideALabelIsNoBorder() throws {
    let bytes = message("a_b")
    let dotted = bytes.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: ".") : $0 }
    #expect(String(decoding: try query(dotted).name, as: UTF8.self) == "a\\.b")
  }

  @Test(arguments: [(100, 512), (1232, 1232), (65535, 65507)]) func theClientSaysHowLongAnAnswerMayBe(size: UInt16, limit: Int) throws {
    let query = try query(message("a", counts: [1, 0, 0, 1], extra: extensionRecord(size: size)))
    #expect(query.datagramLimit == limit)
  }

  @Test func answersAndFragmentsAreIgnored() {
    for bytes in [[], [1, 2, 3], message("a", flags: 0x8100)] {
      guard case .ignored = received(bytes) else {
        Issue.record("\(bytes) is not ignored")
        continue
      }
    }
  }

  @Test func malformedQueriesAreRefused() {
    let malformed: [[UInt8]] = [
      message("a", counts: [0, 0, 0, 0]), message("a", counts: [2, 0, 0, 0]), message("a").dropLast(), message("a") + [0],
      message("a", counts: [1, 0, 0, 1]), message("a", counts: [1, 0, 0, 1], extra: [0, 0, 41]),
      message("a", counts: [1, 0, 0, 2], extra: extensionRecord(size: 512) + extensionRecord(size: 512)),
      message("a", counts: [1, 0, 0, 1], extra: [1, 97] + extensionRecord(size: 512)),
      message("a", counts: [1, 65535, 65535, 65535]), message("a") + [UInt8](repeating: 0, count: 2000),
      message("", extra: []).dropLast(5) + [0x40, 1, 0, 1, 0, 1], message("", extra: []).dropLast(5) + [200],
      message(Array(repeating: String(repeating: "x", count: 63), count: 4).joined(separator: ".") + ".yyy"),
    ]
    for bytes in malformed { #expect(refusal(bytes) == 1, "\(bytes.prefix(40))") }
  }

  @Test func pointersThatLeadNowhereAreRefused() {
    let header = Array(message("").prefix(12))
    for target in [UInt8(0), 11, 12, 14, 255] {
      #expect(refusal(header + [0xC0, target, 0, 1, 0, 1]) == 1)
      #expect(refusal(header + [1, 97, 0xC0, target, 0, 1, 0, 1]) == 1)
    }
  }

  @Test func pointersLeadBackwards() throws {
    let bytes = message("b.c") + [1, 97, 0xC0, 12, 0xC0, 21]
    try bytes.withUnsafeBytes { raw in
      var reader = MessageReader(raw)
      _ = try reader.readHeader()
      for name in ["b.c"] { #expect(String(decoding: try reader.readName(), as: UTF8.self) == name) }
      _ = try (reader.readUInt16(), reader.readUInt16())
      #expect(String(decoding: try reader.readName(), as: UTF8.self) == "a.b.c")
      #expect(String(decoding: try reader.readName(), as: UTF8.self) == "a.b.c")
      #expect(reader.isAtEnd)
    }
  }

  @Test func otherOperationsAndTransfersAreNotImplemented() {
    for operation in UInt16(1)...15 { #expect(refusal(message("a", flags: operation << 11)) == 4) }
    for type in [UInt16(251), 252] { #expect(refusal(message("a", type: type)) == 4) }
  }

  @Test func anotherVersionOfEDNSIsRefused() throws {
    guard case .refused(let answer) = received(message("a", counts: [1, 0, 0, 1], extra: extensionRecord(size: 4096, version: 1))) else {
      throw MalformedMessage()
    }
    // BADVERS is 16: its lower bits stand in the header, the upper ones in the OPT record.
    #expect(answer[3] & 15 == 0)
    #expect(Array(answer.suffix(11)) == [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0])
  }

  @Test func addressesAreReadFromReverseNames() throws {
    func address(_ name: String) throws -> IPAddress? { try query(message(name, type: 12)).reverseAddress }
    #expect(try address("2.0.18.172.in-addr.arpa") == IPAddress("172.18.0.2"))
    #expect(try address("2.0.18.172.IN-ADDR.ARPA") == IPAddress("172.18.0.2"))
    #expect(try address("b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa") == IPAddress("4321:0:1:2:3:4:567:89ab"))
    for name in [
      "18.172.in-addr.arpa", "256.0.0.1.in-addr.arpa", "a.0.0.1.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "in-addr.arpa", "1.ip6.arpa", "a",
    ] {
      #expect(try address(name) == nil, "\(name)")
    }
  }
}
