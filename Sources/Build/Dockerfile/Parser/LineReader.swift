// SPDX-License-Identifier: Apache-2.0

/// An instruction's lines, joined where one is continued.
struct LogicalLine {
  /// Without the continuations' escapes, without comments.
  var text: String
  var range: SourceRange
  /// The comments directly above, without `#` and blanks around; an empty one begins anew.
  var comments: [String]
  /// A blank line stood where the instruction was to go on.
  var hasEmptyContinuation = false
}

/// Reads a file line by line. The escape character may still change while directives are read.
struct LineReader {
  /// As in BuildKit, whose scanner takes no more.
  static let maximumLineBytes = 65535

  var escape: UInt8 = UInt8(ascii: "\\")
  /// Lines read so far.
  private(set) var line = 0
  private let bytes: [UInt8]
  private var position: Int
  private var directives = DirectiveReader()

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  }

  /// What the directives at the head of the file say: complete as soon as the first instruction is there.
  var head: Directives { directives.directives }

  /// The next line with its end; `nil` at the end of the file.
  mutating func nextLine() throws(Complaint) -> ArraySlice<UInt8>? {
    guard position < bytes.count else { return nil }
    let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
    defer { position = end }
    line += 1
    guard end - position <= LineReader.maximumLineBytes else {
      throw Complaint("dockerfile line greater than max allowed size of \(LineReader.maximumLineBytes)")
    }
    return bytes[position..<end]
  }

  /// The next instruction; `nil` at the end of the file.
  mutating func nextInstruction() throws(Complaint) -> LogicalLine? {
    var comments: [String] = []
    while let raw = try nextLine() {
      let text = LineReader.trimmingStart(LineReader.withoutEnd(raw))
      if try directives.read(text) {
        escape = directives.escape
        continue
      }
      if text.first == UInt8(ascii: "#") {
        let comment = String(decoding: text.dropFirst(), as: UTF8.self).trimmed()
        if comment.isEmpty { comments = [] } else { comments.append(comment) }
        continue
      }
      let (first, continues) = withoutContinuation(text)
      if !continues, first.isEmpty {
        // Comments above a blank line belong to nothing.
        comments = []
        continue
      }
      return try joined(Array(first), continues: continues, comments: comments)
    }
    return nil
  }

  private mutating func joined(_ first: [UInt8], continues: Bool, comments: [String]) throws(Complaint) -> LogicalLine {
    var result = LogicalLine(text: "", range: SourceRange(startLine: line, endLine: line), comments: comments)
    var buffer = first
    var continues = continues
    while continues, let raw = try nextLine() {
      let text = LineReader.withoutEnd(raw)
      let start = LineReader.trimmingStart(text)
      if start.first == UInt8(ascii: "#") { continue }
      guard !start.isEmpty else {
        result.hasEmptyContinuation = true
        continue
      }
      let (piece, more) = withoutContinuation(text)
      buffer += piece
      continues = more
    }
    result.text = String(decoding: buffer, as: UTF8.self)
    result.range.endLine = line
    return result
  }

  /// An escape at the end of a line, blanks or not behind it, continues it, unless it is escaped itself.
  private func withoutContinuation(_ text: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, Bool) {
    guard let last = text.lastIndex(where: { $0 != 0x20 && $0 != 0x09 }), text[last] == escape else { return (text, false) }
    if last > text.startIndex, text[last - 1] == escape { return (text, false) }
    return (text[..<last], true)
  }

  static func withoutEnd(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var line = line
    while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
    return line
  }

  private static func trimmingStart(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> { line.drop { $0 == 0x20 || (0x09...0x0d).contains($0) } }
}
