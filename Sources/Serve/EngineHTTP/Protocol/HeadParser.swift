// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// Finds and reads one request head at the front of a buffer. Stops exactly behind the blank line, so that whatever follows
/// (a body, a next request, the raw bytes of a hijacked connection) stays untouched.
package struct HeadParser: Sendable {
  /// Bytes of request line and header fields together; Go's servers stop at 1 MiB.
  package var limit = 256 * 1024
  package var fieldLimit = 256
  private var scanned = 0

  package init() {}

  /// Takes the head out of `buffer` when it is complete, `nil` when more bytes are needed.
  package mutating func parse(_ buffer: inout ByteBuffer) throws(ProtocolError) -> RequestHead? {
    skipBlankLines(&buffer)
    guard let length = headLength(in: buffer) else {
      guard buffer.readableBytes <= limit else { throw ProtocolError(.requestHeaderFieldsTooLarge, "request header fields too large") }
      return nil
    }
    scanned = 0
    guard length <= limit, let bytes = buffer.readBytes(length: length) else {
      throw ProtocolError(.requestHeaderFieldsTooLarge, "request header fields too large")
    }
    return try head(of: bytes)
  }

  /// RFC 9112, 2.2: empty lines before the request line are ignored.
  private mutating func skipBlankLines(_ buffer: inout ByteBuffer) {
    guard scanned == 0 else { return }
    while let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self), first == .carriageReturn || first == .lineFeed {
      buffer.moveReaderIndex(forwardBy: 1)
    }
  }

  /// The length up to and including the empty line; `scanned` remembers how far was looked, so that a slow client costs no more than a fast one.
  private mutating func headLength(in buffer: ByteBuffer) -> Int? {
    var position = scanned
    let length = buffer.withUnsafeReadableBytes { bytes -> Int? in
      while let lineEnd = bytes[position...].firstIndex(of: .lineFeed) {
        position = lineEnd
        guard lineEnd + 1 < bytes.count else { return nil }
        if bytes[lineEnd + 1] == .lineFeed { return lineEnd + 2 }
        if bytes[lineEnd + 1] == .carriageReturn {
          guard lineEnd + 2 < bytes.count else { return nil }
          if bytes[lineEnd + 2] == .lineFeed { return lineEnd + 3 }
        }
        position = lineEnd + 1
      }
      position = bytes.count
      return nil
    }
    scanned = position
    return length
  }

  private func head(of bytes: [UInt8]) throws(ProtocolError) -> RequestHead {
    var lines = LineReader(bytes: bytes)
    var head = try requestLine(lines.next())
    var fields = 0
    while true {
      let line = lines.next()
      if line.isEmpty { break }
      fields += 1
      guard fields <= fieldLimit else { throw ProtocolError(.requestHeaderFieldsTooLarge, "too many request header fields") }
      let (name, value) = try field(line)
      head.headers.add(name: name, value: value)
    }
    try Framing.complete(&head)
    return head
  }

  private func requestLine(_ line: ArraySlice<UInt8>) throws(ProtocolError) -> RequestHead {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].count <= 32, parts[0].allSatisfy(\.isToken) else {
      throw ProtocolError(.badRequest, "malformed HTTP request line")
    }
    let version = try minorVersion(parts[2])
    guard !parts[1].isEmpty, parts[1].allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw ProtocolError(.badRequest, "malformed HTTP request target")
    }
    return RequestHead(
      method: String(decoding: parts[0], as: UTF8.self), target: try originForm(String(decoding: parts[1], as: UTF8.self)), minorVersion: version,
      headers: HTTPHeaders(), framing: .none, keepAlive: version == 1, upgrade: nil, expectsContinue: false)
  }

  private func minorVersion(_ text: ArraySlice<UInt8>) throws(ProtocolError) -> Int {
    switch String(decoding: text, as: UTF8.self) {
    case "HTTP/1.1": return 1
    case "HTTP/1.0": return 0
    case let other where other.hasPrefix("HTTP/"): throw ProtocolError(.httpVersionNotSupported, "unsupported protocol version, use HTTP/1.1")
    default: throw ProtocolError(.badRequest, "malformed HTTP version")
    }
  }

  /// `http://host/path` (what a proxy is sent) becomes `/path`.
  private func originForm(_ target: String) throws(ProtocolError) -> String {
    if target.hasPrefix("/") || target == "*" { return target }
    guard let scheme = target.utf8.firstRange(of: "://".utf8), target.utf8[..<scheme.lowerBound].allSatisfy(\.isToken) else {
      throw ProtocolError(.badRequest, "malformed HTTP request target")
    }
    let authority = target[scheme.upperBound...]
    guard let path = authority.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
    return authority[path] == "/" ? String(authority[path...]) : "/" + authority[path...]
  }

  private func field(_ line: ArraySlice<UInt8>) throws(ProtocolError) -> (name: String, value: String) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex, line[..<colon].allSatisfy(\.isToken) else {
      throw ProtocolError(.badRequest, "malformed HTTP header field")
    }
    var value = line[(colon + 1)...]
    while let first = value.first, first.isBlank { value.removeFirst() }
    while let last = value.last, last.isBlank { value.removeLast() }
    guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { throw ProtocolError(.badRequest, "invalid HTTP header value") }
    return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
  }
}

/// Lines ended by CRLF, or by LF alone as RFC 9112 2.2 allows.
private struct LineReader {
  let bytes: [UInt8]
  var position = 0

  mutating func next() -> ArraySlice<UInt8> {
    let end = bytes[position...].firstIndex(of: .lineFeed) ?? bytes.endIndex
    var line = bytes[position..<end]
    if line.last == .carriageReturn { line.removeLast() }
    position = min(end + 1, bytes.endIndex)
    return line
  }
}

extension UInt8 {
  static let carriageReturn = UInt8(ascii: "\r")
  static let lineFeed = UInt8(ascii: "\n")

  var isBlank: Bool { self == 0x20 || self == 0x09 }

  /// `tchar` of RFC 9110, 5.6.2.
  var isToken: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
    default: false
    }
  }
}
