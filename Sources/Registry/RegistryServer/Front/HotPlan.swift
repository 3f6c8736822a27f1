// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// What is sent for one request that a hot answer fits.
struct HotPlan {
  enum Content {
    case nothing
    case bytes(ByteBuffer)
    case file(HotFile, Range<Int64>)
  }

  let method: String
  let path: String
  let user: String
  let status: Int
  /// Bytes of the body.
  let length: Int64
  /// Status line and headers without `Date` and without the empty line.
  let head: ByteBuffer
  let content: Content

  init(_ answer: HotAnswer, _ request: HTTPRequestHead, user: String) {
    method = request.method.rawValue
    path = request.uri
    self.user = user
    let isHead = request.method == .HEAD
    if EntityTags.match(request.headers.first(name: "if-none-match"), answer.etag) {
      (status, length, head, content) = (304, 0, HotPlan.line("304 Not Modified", answer), .nothing)
      return
    }
    switch answer.body {
    case .bytes(let bytes):
      (status, length, head, content) = (200, isHead ? 0 : answer.size, answer.head, isHead ? .nothing : .bytes(bytes))
    case .file(let file):
      switch ByteRange(request.headers.first(name: "range"), size: file.size) {
      case .whole: (status, length, head, content) = (200, file.size, answer.head, .file(file, 0..<file.size))
      case .part(let range):
        let line = "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)\r\nContent-Length: \(range.count)\r\n"
        (status, length, head, content) = (206, Int64(range.count), HotPlan.line("206 Partial Content", answer, line), .file(file, range))
      case .unsatisfiable:
        let line = "Content-Range: bytes */\(file.size)\r\nContent-Length: 0\r\n"
        (status, length, head, content) = (416, 0, HotPlan.line("416 Range Not Satisfiable", answer, line), .nothing)
      }
    }
  }

  private static func line(_ status: String, _ answer: HotAnswer, _ more: String = "") -> ByteBuffer {
    ByteBuffer(string: "HTTP/1.1 \(status)\r\n\(answer.headers)\(more)")
  }
}

/// `If-None-Match` (RFC 9110, section 13.1.2).
enum EntityTags {
  static func match(_ header: String?, _ tag: String) -> Bool {
    guard let header else { return false }
    return header.split(separator: ",").contains { part in
      let text = part.drop { $0 == " " }.prefix { $0 != " " }
      return text == tag || text == "*" || text.dropFirst(2) == tag && text.hasPrefix("W/") || "\"\(text)\"" == tag
    }
  }
}
