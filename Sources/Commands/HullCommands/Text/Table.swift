// SPDX-License-Identifier: Apache-2.0

/// Columns as docker lays them out: at least ten cells each, three between, the last one free.
///
/// On a terminal that is too narrow, the widest columns shrink (`…`) until a row fits: identifiers and short columns stay whole.
struct Table {
  private static let narrowest = 10
  private static let gap = 3
  private static let smallestShrunk = 8

  private(set) var rows: [[String]] = []

  /// A line whose cells are parted by tabs.
  mutating func add(line: String) {
    for part in Text.split(line, "\n") { rows.append(Text.split(part, "\t")) }
  }

  /// The text, every row with a newline behind it. `columns`: the terminal's width; `nil` leaves the cells as they are.
  func text(fitting columns: Int? = nil) -> String {
    var widths: [Int] = []
    for row in rows {
      for (index, cell) in row.enumerated() {
        let width = Text.width(cell)
        if index < widths.count { widths[index] = max(widths[index], width) } else { widths.append(width) }
      }
    }
    let shown = columns.map { shrunk(widths, to: $0) } ?? widths
    var out = ""
    for row in rows {
      for (index, cell) in row.enumerated() {
        let fitted = shown[index] < widths[index] ? Text.ellipsis(cell, shown[index]) : cell
        out += index == row.count - 1 ? fitted : Text.padded(fitted, max(Self.narrowest, shown[index] + Self.gap))
      }
      out += "\n"
    }
    return out
  }

  private func shrunk(_ widths: [Int], to columns: Int) -> [Int] {
    var widths = widths
    func total() -> Int {
      widths.dropLast().reduce(0) { $0 + max(Self.narrowest, $1 + Self.gap) } + (widths.last ?? 0)
    }
    let headings = rows.first ?? []
    func mayShrink(_ index: Int) -> Bool {
      let heading = index < headings.count ? headings[index] : ""
      return !heading.hasSuffix("ID") && widths[index] > max(Self.smallestShrunk, Text.width(heading))
    }
    while total() > columns {
      guard let widest = widths.indices.filter(mayShrink).max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
    }
    return widths
  }
}
