// SPDX-License-Identifier: Apache-2.0

/// Which known word was probably meant.
enum Suggestions {
  /// At most three candidates that are near, the nearest first; words that start with what was typed come first of all.
  static func near(_ word: String, among candidates: [String]) -> [String] {
    let limit = max(1, min(3, word.count / 2))
    var scored: [(name: String, score: Int)] = []
    for candidate in Set(candidates) {
      let score = word.count > 1 && candidate.hasPrefix(word) ? 0 : distance(word, candidate)
      if score <= limit { scored.append((candidate, score)) }
    }
    return scored.sorted { ($0.score, $0.name) < ($1.score, $1.name) }.prefix(3).map(\.name)
  }

  /// Damerau's distance: insertions, deletions, replacements and swaps of neighbours.
  static func distance(_ left: String, _ right: String) -> Int {
    let (a, b) = (Array(left), Array(right))
    var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { rows[i][0] = i }
    for j in 0...b.count { rows[0][j] = j }
    for i in a.indices {
      for j in b.indices {
        var best = min(rows[i][j + 1] + 1, rows[i + 1][j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        rows[i + 1][j + 1] = best
      }
    }
    return rows[a.count][b.count]
  }
}
