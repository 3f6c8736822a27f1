// SPDX-License-Identifier: Apache-2.0
import Errors

/// A here-document as its line announces it, and its lines as written.
struct HeredocText {
  let name: String
  let expands: Bool
  let stripsTabs: Bool
  let descriptor: Int
  var lines = ""

  /// As the tree has it.
  var heredoc: Heredoc {
    Heredoc(name: name, content: stripsTabs ? withoutTabs : lines, expands: expands, stripsTabs: stripsTabs, descriptor: descriptor)
  }

  private var withoutTabs: String {
    var result = String.UnicodeScalarView()
    var isAtStart = true
    for scalar in lines.unicodeScalars {
      if isAtStart, scalar == "\t" { continue }
      isAtStart = scalar == "\n"
      result.append(scalar)
    }
    return String(result)
  }

  /// Whether a line ends the document.
  func isEnd(_ line: ArraySlice<UInt8>) -> Bool {
    let text = LineReader.withoutEnd(line)
    return (stripsTabs ? text.drop { $0 == 0x09 } : text).elementsEqual(name.utf8)
  }

  /// All documents that an instruction announces, in order.
  static func announced(by line: String) throws(Complaint) -> [HeredocText] {
    let expander = WordExpander { _ in nil }
    guard let words = try? expander.expandWords(line, modes: [.keepsQuotes, .keepsEscapes, .keepsUnset]) else { return [] }
    var documents: [HeredocText] = []
    for word in words { if let document = try HeredocText(word) { documents.append(document) } }
    return documents
  }

  /// - Parameter word: `3<<-"EOF"`.
  /// - Returns: `nil` for any other word.
  init?(_ word: String) throws(Complaint) {
    var rest = Array(word.unicodeScalars)[...]
    let digits = rest.prefix { ("0"..."9").contains($0) }
    rest = rest.dropFirst(digits.count)
    guard rest.starts(with: ["<", "<"]) else { return nil }
    rest = rest.dropFirst(2)
    stripsTabs = rest.first == "-"
    if stripsTabs { rest = rest.dropFirst() }
    rest = rest.drop { $0.isBlank }
    guard !rest.isEmpty, !rest.contains("<") else { return nil }
    let written = String(rest)
    let expander = WordExpander { _ in nil }
    do throws(HullError) {
      let words = try expander.expandWords(written, modes: .keepsUnset)
      guard words.count == 1, words[0].utf8.contains(UInt8(ascii: "\n")) == false else { return nil }
      name = words[0]
      // Quotes that are gone were quotes: then nothing is expanded.
      let raw = try expander.expandWords(written, modes: [.keepsQuotes, .keepsUnset])
      expands = raw.count == 1 && HeredocText.quotes(raw[0]) == HeredocText.quotes(name)
    } catch {
      throw Complaint("invalid heredoc delimiter \(written): \(error.message)", at: word)
    }
    descriptor = Int(String(digits)) ?? 0
  }

  private static func quotes(_ text: String) -> Int { text.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "'") || $1 == UInt8(ascii: "\"") ? 1 : 0) } }
}
