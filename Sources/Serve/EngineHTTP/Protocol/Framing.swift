// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// What the header fields say about the body and the connection (RFC 9112, 6 and 9; RFC 9110, 7.8 and 10.1.1).
enum Framing {
  static func complete(_ head: inout RequestHead) throws(ProtocolError) {
    guard head.minorVersion == 0 || head.headers["host"].count == 1 else {
      throw ProtocolError(.badRequest, head.headers["host"].isEmpty ? "missing required Host header" : "too many Host headers")
    }
    head.framing = try framing(of: head)
    let options = list(head.headers["connection"])
    head.keepAlive = head.minorVersion == 1 ? !options.contains("close") : options.contains("keep-alive")
    if head.minorVersion == 1 { head.upgrade = list(head.headers["upgrade"]).first }
    switch list(head.headers["expect"]) {
    case []: break
    case ["100-continue"]: head.expectsContinue = head.minorVersion == 1 && head.framing != .none && head.framing != .length(0)
    default: throw ProtocolError(.expectationFailed, "unknown expectation")
    }
  }

  private static func framing(of head: RequestHead) throws(ProtocolError) -> BodyFraming {
    let codings = list(head.headers["transfer-encoding"])
    let lengths = head.headers["content-length"]
    guard codings.isEmpty else {
      // Both, or a coding in HTTP/1.0: how request smuggling begins.
      guard lengths.isEmpty, head.minorVersion == 1 else { throw ProtocolError(.badRequest, "ambiguous request body length") }
      guard codings == ["chunked"] else { throw ProtocolError(.notImplemented, "unsupported transfer encoding") }
      return .chunked
    }
    guard let first = lengths.first else { return .none }
    guard lengths.allSatisfy({ $0 == first }), !first.isEmpty, first.utf8.count <= 19, first.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let length = UInt64(first)
    else { throw ProtocolError(.badRequest, "bad Content-Length") }
    return length == 0 ? .none : .length(length)
  }

  private static func list(_ values: [String]) -> [String] {
    values.flatMap { $0.split(separator: ",") }.map { $0.drop { $0 == " " || $0 == "\t" } }
      .map { String($0.prefix { $0 != " " && $0 != "\t" }).lowercased() }.filter { !$0.isEmpty }
  }
}

/// Cuts a request body out of the bytes that arrive.
package struct BodyDecoder: Sendable {
  package enum Step: Sendable, Equatable {
    case data(ByteBuffer)
    case needsMore
    case end
  }

  private enum State {
    case counted(UInt64)
    case chunkSize
    case chunk(UInt64)
    case chunkEnd
    case trailers(Int)
    case done
  }
  private var state: State
  private static let lineLimit = 4096
  private static let trailerLimit = 16 * 1024

  package init(_ framing: BodyFraming) {
    switch framing {
    case .none: state = .done
    case .length(let length): state = .counted(length)
    case .chunked: state = .chunkSize
    }
  }

  /// The next piece of the body; the rest stays in `buffer`.
  package mutating func next(_ buffer: inout ByteBuffer) throws(ProtocolError) -> Step {
    while true {
      switch state {
      case .done: return .end
      case .counted(let left):
        guard let data = take(left, of: &buffer) else { return .needsMore }
        let rest = left - UInt64(data.readableBytes)
        state = rest == 0 ? .done : .counted(rest)
        return .data(data)
      case .chunkSize:
        guard let line = try line(&buffer) else { return .needsMore }
        let size = try chunkSize(line)
        state = size == 0 ? .trailers(0) : .chunk(size)
      case .chunk(let left):
        guard let data = take(left, of: &buffer) else { return .needsMore }
        let rest = left - UInt64(data.readableBytes)
        state = rest == 0 ? .chunkEnd : .chunk(rest)
        return .data(data)
      case .chunkEnd:
        guard let line = try line(&buffer) else { return .needsMore }
        guard line.isEmpty else { throw ProtocolError(.badRequest, "malformed chunked encoding") }
        state = .chunkSize
      case .trailers(let seen):
        guard let line = try line(&buffer) else { return .needsMore }
        guard seen + line.count <= Self.trailerLimit else { throw ProtocolError(.requestHeaderFieldsTooLarge, "trailer fields too large") }
        state = line.isEmpty ? .done : .trailers(seen + line.count)
      }
    }
  }

  private func take(_ left: UInt64, of buffer: inout ByteBuffer) -> ByteBuffer? {
    guard buffer.readableBytes > 0 else { return nil }
    return buffer.readSlice(length: Int(min(UInt64(buffer.readableBytes), left)))
  }

  private func line(_ buffer: inout ByteBuffer) throws(ProtocolError) -> [UInt8]? {
    let view = buffer.readableBytesView
    guard let end = view.prefix(Self.lineLimit).firstIndex(of: .lineFeed) else {
      guard view.count < Self.lineLimit else { throw ProtocolError(.badRequest, "malformed chunked encoding") }
      return nil
    }
    var bytes = buffer.readBytes(length: end + 1 - view.startIndex) ?? []
    bytes.removeLast()
    if bytes.last == .carriageReturn { bytes.removeLast() }
    return bytes
  }

  /// Hexadecimal, possibly followed by blanks and `;extension`.
  private func chunkSize(_ line: [UInt8]) throws(ProtocolError) -> UInt64 {
    var digits = line.prefix { $0 != UInt8(ascii: ";") }
    while let last = digits.last, last.isBlank { digits.removeLast() }
    guard !digits.isEmpty, digits.count <= 15, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let size = UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw ProtocolError(.badRequest, "malformed chunked encoding") }
    return size
  }
}
