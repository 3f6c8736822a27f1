// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Testing

@testable import HullCommands

@Suite struct HTTPTests {
  /// A connection whose other end has written these bytes and hung up.
  private func connection(_ text: String) -> Connection {
    var ends: [Int32] = [-1, -1]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
    _ = Output.writeAll(ends[1], Array(text.utf8))
    shutdown(ends[1], Int32(SHUT_WR))
    close(ends[1])
    return Connection(descriptor: ends[0])
  }

  private func response(_ text: String, isHead: Bool = false) throws -> Response {
    let connection = connection(text)
    return Response(head: try ResponseHead.read(from: connection), connection: connection, isHead: isHead)
  }

  @Test func aBodyByLengthLeavesTheConnectionUsable() throws {
    let answer = try response("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCONTENT-LENGTH: 5\r\n\r\nhelloHTTP/1.1 204 No Content\r\n\r\n")
    #expect(answer.head.header("Content-Type") == "text/plain")
    #expect(try answer.readAll() == Array("hello".utf8))
    #expect(answer.isReusable)
    #expect(try ResponseHead.read(from: answer.connection).status == 204)
  }

  @Test func chunksAreJoined() throws {
    let answer = try response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\nrest")
    #expect(try answer.readAll() == Array("hello world".utf8))
    #expect(answer.isReusable)
    #expect(answer.connection.takeBuffered() == Array("rest".utf8))
  }

  @Test func aBodyWithoutLengthEndsWithTheConnection() throws {
    let answer = try response("HTTP/1.0 200 OK\r\n\r\nall of it")
    #expect(try answer.readAll() == Array("all of it".utf8))
  }

  @Test func answersWithoutABodyHaveNone() throws {
    #expect(try response("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").readAll().isEmpty)
    #expect(try response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", isHead: true).readAll().isEmpty)
  }

  @Test func aClosedConnectionIsNotReused() throws {
    let answer = try response("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    #expect(try answer.readAll().isEmpty)
    #expect(!answer.isReusable)
  }

  @Test(arguments: [
    "", "HTTP/2 200 OK\r\n\r\n", "garbage\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
  ])
  func brokenAnswersAreErrors(text: String) {
    #expect(throws: HullError.self) { try response(text).readAll() }
  }

  @Test func anEndlessHeaderLineIsRefused() {
    #expect(throws: HullError.self) { try response("HTTP/1.1 200 OK\r\nA: " + String(repeating: "x", count: 100_000)) }
  }

  @Test func theEnginesMessageIsShown() {
    #expect(
      String(describing: EngineFailure(status: 404, body: Array("{\"message\":\"No such container: x\"}".utf8)))
        == "Error response from daemon: No such container: x")
    #expect(EngineFailure(status: 500, body: Array("plain\n".utf8)).message == "plain")
    #expect(EngineFailure(status: 503, body: []).message == "request failed with status 503")
  }

  @Test func aMissingSocketSaysHowToStartTheEngine() {
    let error = #expect(throws: HullError.self) { try EngineClient(endpoint: Endpoint(path: "/nonexistent/hull.sock")).bytes("GET", "/_ping") }
    #expect(
      error?.message == "Cannot connect to the hull daemon at unix:///nonexistent/hull.sock. Is hulld running? Start it with 'hull system start'")
  }

  @Test func progressMessagesMayBeCutAnywhere() throws {
    let body = "{\"status\":\"a\"}\r\n{\"stream\":\"b\"}\n\n{\"status\":\"last\"}"
    var text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for character in body { text += "1\r\n\(character == "\r\n" ? "\n" : String(character))\r\n" }
    var stream = ProgressStream(try response(text + "0\r\n\r\n"))
    var seen: [String] = []
    while let message = try stream.next() { seen.append(message["status"].string ?? message["stream"].text) }
    #expect(seen == ["a", "b", "last"])
  }

  @Test func anErrorInTheStreamEndsIt() throws {
    var stream = ProgressStream(try response("HTTP/1.1 200 OK\r\n\r\n{\"errorDetail\":{\"message\":\"boom\"},\"error\":\"boom\"}\n"))
    let error = #expect(throws: HullError.self) { try stream.next() }
    #expect(error?.message == "boom")
  }
}
