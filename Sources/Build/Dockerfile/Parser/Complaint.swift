// SPDX-License-Identifier: Apache-2.0
import Errors

/// What is wrong with an instruction, said by those who do not know where in the file it is.
struct Complaint: Error {
  let message: String
  /// The text to point at.
  let culprit: String?

  init(_ message: String, at culprit: String? = nil) {
    self.message = message
    self.culprit = culprit
  }

  init(_ error: HullError) { self.init(error.message) }

  /// The place: the line of the range that has the culprit, or the whole range.
  func location(in range: SourceRange, of lines: [String]) -> SourceRange {
    guard let culprit, !culprit.isEmpty, range.startLine >= 1, range.endLine <= lines.count else { return range }
    let wanted = Array(culprit.unicodeScalars)
    for number in range.startLine...max(range.startLine, min(range.endLine, range.startLine + 100)) {
      guard let offset = Complaint.offset(of: wanted, in: Array(lines[number - 1].unicodeScalars)) else { continue }
      return SourceRange(startLine: number, endLine: number, column: offset + 1)
    }
    return range
  }

  private static func offset(of wanted: [Unicode.Scalar], in line: [Unicode.Scalar]) -> Int? {
    guard wanted.count <= line.count else { return nil }
    return (0...(line.count - wanted.count)).first { line[$0] == wanted[0] && line[$0..<($0 + wanted.count)].elementsEqual(wanted) }
  }
}
