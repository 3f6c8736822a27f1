// SPDX-License-Identifier: Apache-2.0
import Errors

/// The place of a failure in a Dockerfile and its lines as a person wants to see them: the cause that errors about Dockerfiles carry.
package struct SourceExcerpt: Error, Sendable, Hashable, CustomStringConvertible {
  /// Of the file.
  package let name: String
  package let location: SourceRange
  /// All of the file's.
  package let lines: [String]
  /// The last of them ends with a newline.
  package let endsLine: Bool
  /// The numbered lines between two rules.
  package let text: String

  package init(name: String, location: SourceRange, of dockerfile: Dockerfile) {
    self.name = name
    self.location = location
    (lines, endsLine) = (dockerfile.lines, dockerfile.endsLine)
    text = SourceExcerpt.excerpt(of: location, in: lines)
  }

  /// `Dockerfile:3:14`, then the lines.
  package var description: String {
    let column = location.column > 0 ? ":\(location.column)" : ""
    return "\(name):\(location.startLine)\(column)\n\(text)"
  }

  /// The lines of a range with those around it, numbered, those of the range marked with `>>>`, between two rules of hyphens.
  ///
  /// - Parameter lines: all lines of the file. Beyond forty of the range are left out.
  /// - Returns: lines that each end in a newline; nothing when the range lies outside.
  package static func excerpt(of range: SourceRange, in lines: [String]) -> String {
    guard range.startLine >= 1, range.startLine <= lines.count else { return "" }
    let end = min(max(range.endLine, range.startLine), lines.count, range.startLine + 39)
    let shown = surroundings(of: range.startLine...end, count: lines.count)
    let rule = "--------------------\n"
    return shown.reduce(rule) { text, number in
      let mark = (range.startLine...end).contains(number) ? ">>>" : "   "
      return text + " \(padded(number)) | \(mark) \(clipped(lines[number - 1]))\n"
    } + rule
  }

  /// Two more lines, four for a single one, above and below by turns.
  private static func surroundings(of range: ClosedRange<Int>, count: Int) -> ClosedRange<Int> {
    let padding = range.count == 1 ? 4 : 2
    var (start, end, added) = (range.lowerBound, range.upperBound, 0)
    while added < padding {
      if start > 1 { (start, added) = (start - 1, added + 1) }
      if end < count { (end, added) = (end + 1, added + 1) }
      added += 1
    }
    return start...end
  }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, 3 - digits.utf8.count)) + digits
  }

  /// A line of some kilobytes would push everything else off the screen.
  private static func clipped(_ line: String) -> String {
    line.unicodeScalars.count <= 400 ? line : String(line.unicodeScalars.prefix(400)) + " …"
  }
}

extension HullError {
  /// The same failure with the place in the Dockerfile that it came from, for steps that fail later than the parser; a place that is known stays.
  package func located(at location: SourceRange, in dockerfile: Dockerfile, name: String = "Dockerfile") -> HullError {
    cause is SourceExcerpt ? self : HullError(code, message, cause: SourceExcerpt(name: name, location: location, of: dockerfile))
  }
}
