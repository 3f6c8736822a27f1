// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Requests to an engine. Paths carry no version: the engine then speaks its newest, and no round trip is spent on negotiation.
final class EngineClient {
  typealias Query = [(name: String, value: String)]

  let endpoint: Endpoint
  private var idle: Connection?

  init(endpoint: Endpoint) { self.endpoint = endpoint }

  /// A request with an optional JSON body; throws `EngineFailure` for a status of 400 and above.
  func send(_ method: String, _ path: String, query: Query = [], headers: [(String, String)] = [], body: JSON? = nil) throws -> Response {
    let head = requestHead(method, path, query: query, headers: headers + (body == nil ? [] : [("Content-Type", "application/json")]))
    let content = body.map { Array($0.encoded().utf8) } ?? []
    let lengthHeader = body != nil || method != "GET" && method != "HEAD" ? "Content-Length: \(content.count)\r\n" : ""
    let message = Array((head + lengthHeader + "\r\n").utf8) + content
    if method == "GET" || method == "HEAD", let connection = idle {
      idle = nil
      // The engine may have closed a connection that was left idle; asking again is safe for these.
      if let response = try? exchange(message, on: connection, method) { return try checked(response) }
    }
    let connection = try idle ?? Connection.open(endpoint)
    idle = nil
    return try checked(exchange(message, on: connection, method))
  }

  /// A request whose whole answer is wanted as JSON.
  @discardableResult
  func json(_ method: String, _ path: String, query: Query = [], body: JSON? = nil) throws -> JSON {
    try JSONParser.parse(orNull: bytes(method, path, query: query, body: body))
  }

  /// A request whose whole answer is wanted as it stands. The connection is kept for the next one.
  func bytes(_ method: String, _ path: String, query: Query = [], body: JSON? = nil) throws -> [UInt8] {
    let response = try send(method, path, query: query, body: body)
    let bytes = try response.readAll()
    if response.isReusable { idle = response.connection }
    return bytes
  }

  /// A request on a connection of its own, answered later: `wait` says when the headers are there.
  func sendApart(_ method: String, _ path: String, query: Query = []) throws -> Response {
    let connection = try Connection.open(endpoint)
    return try checked(
      exchange(Array((requestHead(method, path, query: query, headers: []) + "Content-Length: 0\r\n\r\n").utf8), on: connection, method))
  }

  /// Sends a stream as a chunked body. An engine that answers early (an error) ends the sending.
  func upload(_ method: String, _ path: String, query: Query, contentType: String, source: () throws -> [UInt8]) throws -> Response {
    let connection = try Connection.open(endpoint)
    let head = requestHead(method, path, query: query, headers: [("Content-Type", contentType), ("Transfer-Encoding", "chunked")])
    try connection.send((head + "\r\n").utf8)
    do {
      while !connection.hasInput {
        let piece = try source()
        try connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [0x0D, 0x0A])
        if piece.isEmpty { break }
      }
    } catch let error as HullError where error.code == .unavailable {
      guard connection.hasInput else { throw error }
    }
    return try checked(Response(head: ResponseHead.read(from: connection), connection: connection, isHead: false))
  }

  /// Asks for a connection to become a raw stream both ways (Docker's hijack); `Hijack.finish` takes the answer.
  func hijack(_ path: String, query: Query = [], body: JSON? = nil) throws -> Hijack {
    let connection = try Connection.open(endpoint)
    let content = body.map { Array($0.encoded().utf8) } ?? []
    let head = requestHead(
      "POST", path, query: query,
      headers: [("Connection", "Upgrade"), ("Upgrade", "tcp"), ("Content-Type", "application/json"), ("Content-Length", "\(content.count)")])
    try connection.send(Array((head + "\r\n").utf8) + content)
    return Hijack(connection: connection)
  }

  /// A hijack that has been asked for and not yet been answered: other requests can go out meanwhile.
  struct Hijack {
    fileprivate let connection: Connection

    /// The raw stream, when the engine answers 101 UPGRADED, or the older 200.
    func finish() throws -> Connection {
      let answer = try ResponseHead.read(from: connection)
      if answer.status == 101 || answer.status == 200 { return connection }
      let body = try Response(head: answer, connection: connection, isHead: false).readAll()
      if answer.status >= 400 { throw EngineFailure(status: answer.status, body: body) }
      throw HullError(.internalError, "unable to upgrade to a raw stream, received \(answer.status)")
    }
  }

  private func requestHead(_ method: String, _ path: String, query: Query, headers: [(String, String)]) -> String {
    var head = "\(method) \(path)"
    for (index, (name, value)) in query.enumerated() { head += "\(index == 0 ? "?" : "&")\(Self.escaped(name))=\(Self.escaped(value))" }
    head += " HTTP/1.1\r\nHost: hull\r\nUser-Agent: Hull-Client/\(HullVersion.current) (linux)\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    return head
  }

  private func exchange(_ message: [UInt8], on connection: Connection, _ method: String) throws -> Response {
    do {
      try connection.send(message)
    } catch {
      guard connection.hasInput else { throw error }
    }
    return Response(head: try ResponseHead.read(from: connection), connection: connection, isHead: method == "HEAD")
  }

  private func checked(_ response: Response) throws -> Response {
    guard response.status >= 400 else { return response }
    let body = try response.readAll()
    if response.isReusable { idle = response.connection }
    throw EngineFailure(status: response.status, body: body)
  }

  /// Percent-encoding for path segments and query values: everything but RFC 3986's unreserved characters.
  static func escaped(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        out.unicodeScalars.append(Unicode.Scalar(byte))
      default: out += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
      }
    }
    return out
  }

  /// As `escaped`, with `/` left alone: for image names in paths.
  static func escapedPath(_ text: String) -> String {
    text.split(separator: "/", omittingEmptySubsequences: false).map { escaped(String($0)) }.joined(separator: "/")
  }
}

extension JSONParser {
  /// An empty body is no value.
  static func parse(orNull bytes: [UInt8]) throws -> JSON { bytes.isEmpty ? .null : try parse(bytes) }
}
