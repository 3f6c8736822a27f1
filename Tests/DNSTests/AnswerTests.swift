// SPDX-License-Identifier: Apache-2.0
import Addressing
import Testing

@testable import DNS

struct AnswerTests {
  private let four = IPAddress("10.1.2.3")!
  private let six = IPAddress("fd00::5")!

  private func answer(_ query: DNSQuery, _ addresses: [IPAddress], limit: Int = 512) -> [UInt8] {
    var answer = DNSAnswer(to: query, limit: limit)
    for address in addresses { answer.append(address) }
    return answer.message()
  }

  @Test func anAnswerRepeatsTheQuestion() throws {
    let question = message("Web", flags: 0x0110)
    #expect(
      answer(try query(question), [four])
        == [0x12, 0x34, 0x81, 0x90, 0, 1, 0, 1, 0, 0, 0, 0] + question.dropFirst(12) + [0xC0, 12, 0, 1, 0, 1, 0, 0, 2, 88, 0, 4, 10, 1, 2, 3])
  }

  @Test func anIPv6AddressHasSixteenBytes() throws {
    let bytes = answer(try query(message("web", type: 28)), [six])
    #expect(Array(bytes.suffix(18)) == [0, 16, 0xFD] + [UInt8](repeating: 0, count: 14) + [5])
  }

  @Test func aNameIsAnswered() throws {
    var reply = DNSAnswer(to: try query(message("1.0.0.10.in-addr.arpa", type: 12)), limit: 512)
    let done = [Array("web.front".utf8), Array("web..front".utf8), [UInt8](repeating: 97, count: 64)].map { reply.append(pointerTo: $0) }
    #expect(done == [true, false, false])
    let bytes = reply.message()
    #expect(Array(bytes.suffix(13)) == [0, 11, 3] + Array("web".utf8) + [5] + Array("front".utf8) + [0])
    #expect(bytes[7] == 1)
  }

  @Test(arguments: [512, 1232, 4096]) func anAnswerThatIsTooLongSaysSo(limit: Int) throws {
    let query = try query(message("web", counts: [1, 0, 0, 1], extra: extensionRecord(size: UInt16(limit), flags: 0x80)))
    let bytes = answer(query, (0..<500).map { four.advanced(by: $0) }, limit: query.datagramLimit)
    let count = Int(bytes[6]) << 8 | Int(bytes[7])
    #expect(bytes.count <= limit && bytes.count > limit - 16)
    #expect(bytes[2] & 2 != 0, "TC")
    #expect(bytes.count == 12 + query.question.count + 16 * count + 11)
    #expect(Array(bytes.suffix(11)) == [0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0])
  }

  @Test func anUpstreamsAnswerMustMatch() throws {
    let asked = try query(message("web.example"))
    func judge(_ bytes: [UInt8], id: UInt16 = 7) -> UpstreamAnswer { bytes.withUnsafeBytes { UpstreamAnswer($0, to: asked, id: id) } }
    #expect(judge(message("WEB.example", id: 7, flags: 0x8180)) == .usable)
    #expect(judge(message("web.example", id: 7, flags: 0x8183)) == .usable)
    #expect(judge(message("web.example", id: 7, flags: 0x8380)) == .truncated)
    #expect(judge(message("web.example", id: 7, flags: 0x8182)) == .failed)
    #expect(judge(message("web.example", id: 7, flags: 0x8185)) == .failed)
    #expect(judge(message("web.example", id: 7, flags: 0x8180, counts: [1, 1, 0, 0])) == .failed)
    #expect(judge(Array(message("", id: 7, flags: 0x8181, counts: [0, 0, 0, 0]).prefix(12))) == .failed)
    for stranger in [
      message("web.example", id: 8, flags: 0x8180), message("web.example", id: 7), message("web.example2", id: 7, flags: 0x8180),
      message("web.example", type: 28, id: 7, flags: 0x8180), [], message("web.example", id: 7, flags: 0x8180, counts: [2, 0, 0, 0]),
    ] { #expect(judge(stranger) == .unrelated) }
  }

  @Test func anUpstreamsAnswerIsCutBetweenRecords() throws {
    let asked = try query(message("web.example"))
    let record: [UInt8] = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]
    let long = message("web.example", id: 7, flags: 0x8180, counts: [1, 60, 0, 0], extra: (0..<60).flatMap { _ in record })
    let cut = long.withUnsafeBytes { UpstreamAnswer.message($0, id: 0xABCD, to: asked, limit: 512) }
    #expect(Array(cut.prefix(4)) == [0xAB, 0xCD, 0x83, 0x80])
    #expect(cut.count == 12 + asked.question.count + 16 * Int(cut[7]) && cut.count > 496)
    #expect(long.withUnsafeBytes { UpstreamAnswer.message($0, id: 7, to: asked, limit: 65535) } == long)
  }

  @Test func noMessageDoesHarm() {
    var random = Seeded(42)
    let good = [
      message("web.front", counts: [1, 0, 0, 1], extra: extensionRecord(size: 1232)),
      message("a.b", flags: 0x8180, counts: [1, 1, 0, 0], extra: [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]),
    ]
    for round in 0..<50_000 {
      var bytes = good[round & 1]
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
      _ = received(bytes)
      guard let asked = try? query(good[0]), bytes.count >= 2 else { continue }
      bytes.withUnsafeBytes { raw in
        let verdict = UpstreamAnswer(raw, to: asked, id: UInt16(raw[0]) << 8 | UInt16(raw[1]))
        if verdict != .unrelated { #expect(UpstreamAnswer.message(raw, id: 1, to: asked, limit: 30).count <= 512) }
      }
    }
  }
}
