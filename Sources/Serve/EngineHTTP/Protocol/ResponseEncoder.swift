// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOHTTP1

/// Turns answers into bytes.
struct ResponseEncoder {
  /// Fields that every answer carries, encoded once: `Name: value\r\n…`.
  let commonFields: String
  private var dateSecond: time_t = 0
  private var dateField = ""

  init(commonHeaders: HTTPHeaders) {
    commonFields = commonHeaders.map { "\($0.name): \($0.value)\r\n" }.joined()
  }

  enum BodyKind: Equatable {
    case none
    case length(Int)
    case chunked, untilClose
  }

  mutating func head(
    status: HTTPResponseStatus, headers: HTTPHeaders, body: BodyKind, keepAlive: Bool, into buffer: inout ByteBuffer
  ) {
    buffer.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
    buffer.writeString(commonFields)
    writeFields(headers, into: &buffer)
    refreshDate()
    buffer.writeString(dateField)
    switch body {
    case .none, .untilClose: break
    case .length(let length): buffer.writeString("Content-Length: \(length)\r\n")
    case .chunked: buffer.writeString("Transfer-Encoding: chunked\r\n")
    }
    buffer.writeString(keepAlive ? "\r\n" : "Connection: close\r\n\r\n")
  }

  /// The head of a connection that is handed over: `101` when the client asked for an upgrade, the older `200` when it did not.
  func hijackHead(_ hijack: Hijack, upgraded: Bool, into buffer: inout ByteBuffer) {
    buffer.writeString(upgraded ? "HTTP/1.1 101 UPGRADED\r\n" : "HTTP/1.1 200 OK\r\n")
    writeFields(hijack.headers, into: &buffer)
    if upgraded { buffer.writeString("Connection: Upgrade\r\nUpgrade: \(hijack.protocolName)\r\n") }
    buffer.writeString(commonFields)
    buffer.writeString("\r\n")
  }

  /// A value comes from names that clients chose: nothing in it may end the line.
  private func writeFields(_ headers: HTTPHeaders, into buffer: inout ByteBuffer) {
    for (name, value) in headers {
      buffer.writeString(name)
      buffer.writeString(": ")
      if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) {
        buffer.writeString(value)
      } else {
        buffer.writeBytes(value.utf8.map { $0 >= 0x20 && $0 != 0x7f ? $0 : 0x20 })
      }
      buffer.writeString("\r\n")
    }
  }

  /// RFC 9110, 5.6.7; made at most once a second.
  private mutating func refreshDate() {
    let now = time(nil)
    guard now != dateSecond else { return }
    dateSecond = now
    var parts = tm()
    var second = now
    gmtime_r(&second, &parts)
    var text = [CChar](repeating: 0, count: 64)
    // The daemon never leaves the C locale, so the names of days and months are English.
    let length = strftime(&text, text.count, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts)
    dateField = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
