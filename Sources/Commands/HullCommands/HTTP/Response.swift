// SPDX-License-Identifier: Apache-2.0
import Errors

/// Status and headers of an answer (RFC 9112).
struct ResponseHead: Equatable {
  var status: Int
  var reason: String
  private(set) var headers: [(name: String, value: String)] = []

  func header(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }

  init(statusLine: String) throws(HullError) {
    let parts = statusLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let status = Int(parts[1]) else {
      throw HullError(.internalError, "this is not an answer of an engine: \(statusLine.prefix(60))")
    }
    self.status = status
    self.reason = parts.count > 2 ? String(parts[2]) : ""
  }

  mutating func append(headerLine line: String) throws(HullError) {
    guard let colon = line.firstIndex(of: ":"), headers.count < 200 else {
      throw HullError(.internalError, "malformed header in the engine's answer: \(line.prefix(60))")
    }
    headers.append((line[..<colon].lowercased(), Text.trimmed(line[line.index(after: colon)...])))
  }

  static func read(from connection: Connection) throws(HullError) -> ResponseHead {
    guard let first = try connection.line() else { throw HullError(.unavailable, "the engine closed the connection without an answer") }
    var head = try ResponseHead(statusLine: first)
    while true {
      guard let line = try connection.line() else { throw HullError(.unavailable, "the engine closed the connection in the middle of an answer") }
      if line.isEmpty { return head }
      try head.append(headerLine: line)
    }
  }

  static func == (left: ResponseHead, right: ResponseHead) -> Bool {
    left.status == right.status && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// An answer whose body is read as it comes: by length, chunked, or up to the end of the connection.
final class Response {
  private enum Framing {
    case finished
    case length(Int)
    case chunk(Int)
    case nextChunk(first: Bool)
    case untilClose
  }

  let head: ResponseHead
  let connection: Connection
  private var framing: Framing

  var status: Int { head.status }

  /// After the last byte the connection can take another request.
  var isReusable: Bool {
    guard case .finished = framing else { return false }
    return head.header("connection")?.lowercased() != "close"
  }

  init(head: ResponseHead, connection: Connection, isHead: Bool) {
    self.head = head
    self.connection = connection
    if isHead || head.status == 204 || head.status == 304 || head.status < 200 {
      framing = .finished
    } else if head.header("transfer-encoding")?.lowercased().hasSuffix("chunked") == true {
      framing = .nextChunk(first: true)
    } else if let length = head.header("content-length").flatMap({ Int($0) }) {
      framing = length > 0 ? .length(length) : .finished
    } else {
      framing = .untilClose
    }
  }

  /// The next bytes; empty at the end of the body.
  func read() throws(HullError) -> [UInt8] {
    while true {
      switch framing {
      case .finished: return []
      case .untilClose:
        let bytes = try connection.receive(limit: 65536)
        if bytes.isEmpty { framing = .finished }
        return bytes
      case .length(let left):
        let bytes = try piece(left)
        framing = bytes.count == left ? .finished : .length(left - bytes.count)
        return bytes
      case .chunk(let left):
        let bytes = try piece(left)
        framing = bytes.count == left ? .nextChunk(first: false) : .chunk(left - bytes.count)
        return bytes
      case .nextChunk(let first): try nextChunk(first: first)
      }
    }
  }

  private func piece(_ limit: Int) throws(HullError) -> [UInt8] {
    let bytes = try connection.receive(limit: min(limit, 65536))
    if bytes.isEmpty { throw HullError(.unavailable, "the engine closed the connection in the middle of an answer") }
    return bytes
  }

  private func nextChunk(first: Bool) throws(HullError) {
    if !first, try connection.line() != "" { throw HullError(.internalError, "malformed chunk in the engine's answer") }
    let line = try connection.line() ?? ""
    guard let size = Int(Text.trimmed(line.prefix { $0 != ";" }), radix: 16), size >= 0 else {
      throw HullError(.unavailable, "the engine closed the connection in the middle of an answer")
    }
    guard size == 0 else {
      framing = .chunk(size)
      return
    }
    while let trailer = try connection.line(), !trailer.isEmpty {}
    framing = .finished
  }

  func readAll() throws(HullError) -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let bytes = try read()
      if bytes.isEmpty { return all }
      all += bytes
    }
  }

  func json() throws(HullError) -> JSON {
    let bytes = try readAll()
    return bytes.isEmpty ? .null : try JSONParser.parse(bytes)
  }
}

/// The engine refused: its status and its message, shown as `Error response from daemon: …`.
struct EngineFailure: Error, CustomStringConvertible {
  var status: Int
  var message: String
  var description: String { "Error response from daemon: \(message)" }

  /// From an answer's body, `{"message": …}`, or from its text where it is something else.
  init(status: Int, body: [UInt8]) {
    self.status = status
    if let message = try? JSONParser.parse(body)["message"].string {
      self.message = message
    } else {
      let text = Text.trimmed(String(decoding: body.prefix(2000), as: UTF8.self)[...])
      message = text.isEmpty ? "request failed with status \(status)" : text
    }
  }
}
