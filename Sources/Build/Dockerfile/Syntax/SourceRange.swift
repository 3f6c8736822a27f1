// SPDX-License-Identifier: Apache-2.0

/// A place in a Dockerfile: whole lines, and where in the first of them.
package struct SourceRange: Sendable, Hashable {
  /// Lines, counted from 1, both inclusive: an instruction continued over several lines has all of them.
  package var startLine: Int
  package var endLine: Int
  /// In characters, counted from 1; 0: the whole line.
  package var column: Int

  package init(startLine: Int, endLine: Int, column: Int = 0) {
    self.startLine = startLine
    self.endLine = endLine
    self.column = column
  }

  /// Its lines one by one; the first, if it ends before it begins.
  package var lines: ClosedRange<Int> { startLine...max(startLine, endLine) }
}
