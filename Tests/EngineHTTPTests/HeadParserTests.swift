// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import Testing

@testable import EngineHTTP

@Suite struct HeadParserTests {
  private func parse(_ text: String) throws(ProtocolError) -> RequestHead? {
    var parser = HeadParser()
    var buffer = ByteBuffer(string: text)
    return try parser.parse(&buffer)
  }

  private func refusal(_ text: String) -> Int? {
    do throws(ProtocolError) {
      _ = try parse(text)
      return nil
    } catch {
      return Int(error.status.code)
    }
  }

  @Test func aHeadIsReadAndWhatFollowsStays() throws {
    var parser = HeadParser()
    var buffer = ByteBuffer(string: "\r\nPOST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length:  3 \r\nUpgrade: TCP\r\n\r\nabcGET")
    let head = try #require(try parser.parse(&buffer))
    #expect(head.method == "POST")
    #expect(head.target == "/a?b=c")
    #expect(head.framing == .length(3))
    #expect(head.upgrade == "tcp")
    #expect(head.keepAlive)
    #expect(String(buffer: buffer) == "abcGET")
  }

  @Test func aHeadMayArriveByteByByte() throws {
    let text = "GET /x HTTP/1.0\nHost: y\r\nA: b\n\r\n"
    var parser = HeadParser()
    var buffer = ByteBuffer()
    for byte in text.utf8.dropLast() {
      buffer.writeInteger(byte)
      #expect(try parser.parse(&buffer) == nil)
    }
    buffer.writeString("\n")
    let head = try #require(try parser.parse(&buffer))
    #expect(head.minorVersion == 0 && !head.keepAlive)
    #expect(head.headers["a"] == ["b"])
  }

  @Test func absoluteTargetsAreReduced() throws {
    #expect(try parse("GET http://docker/v1.50/info HTTP/1.1\r\nHost: docker\r\n\r\n")?.target == "/v1.50/info")
    #expect(try parse("GET http://docker HTTP/1.1\r\nHost: docker\r\n\r\n")?.target == "/")
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET /\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
    ("PRI * HTTP/2.0\r\n\r\n", 505), ("G@T / HTTP/1.1\r\n\r\n", 400), ("GET a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", 400), ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400), ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", 417),
  ])
  func whatIsAmbiguousIsRefused(text: String, status: Int) {
    #expect(refusal(text) == status)
  }

  @Test func anEndlessHeadIsRefused() {
    #expect(refusal("GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 300 * 1024)) == 431)
    #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a: b\r\n", count: 300) + "\r\n") == 431)
  }
}

@Suite struct BodyDecoderTests {
  private func decode(_ framing: BodyFraming, _ text: String, step: Int) throws(ProtocolError) -> (body: String, rest: String, ended: Bool) {
    var decoder = BodyDecoder(framing)
    var buffer = ByteBuffer()
    var body = ""
    var rest = Array(text.utf8)[...]
    while true {
      switch try decoder.next(&buffer) {
      case .data(let data): body += String(buffer: data)
      case .end: return (body, String(buffer: buffer) + String(decoding: rest, as: UTF8.self), true)
      case .needsMore:
        guard !rest.isEmpty else { return (body, "", false) }
        buffer.writeBytes(rest.prefix(step))
        rest = rest.dropFirst(step)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 1000])
  func chunksAreJoinedHoweverTheyArrive(step: Int) throws {
    let result = try decode(.chunked, "5;x=y\r\nhello\r\nA\r\n, world!!!\r\n0\r\nTrailer: z\r\n\r\nnext", step: step)
    #expect(result.body == "hello, world!!!")
    #expect(result.rest == "next")
    #expect(try decode(.length(4), "bodynext", step: step) == ("body", "next", true))
  }

  @Test(arguments: ["x\r\n", "\r\n", "-1\r\n", "FFFFFFFFFFFFFFFFF\r\n", "1\r\nab\r\n0\r\n\r\n", String(repeating: "0", count: 5000)])
  func brokenChunksAreRefused(text: String) {
    #expect(throws: ProtocolError.self) { try decode(.chunked, text, step: 1000) }
  }
}
