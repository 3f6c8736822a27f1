// SPDX-License-Identifier: Apache-2.0

/// What was meant by a word that is not known.
package enum Suggestion {
  /// The option that is nearest to a word, at an edit distance of at most two.
  ///
  /// - Parameter matchingCase: otherwise letters are compared without their case and the answer takes the case of the word.
  /// - Returns: `nil` when none is near, or when the word is one of the options.
  package static func nearest(to word: String, in options: [String], matchingCase: Bool = true) -> String? {
    // Nobody mistypes one name of thousands, and comparing them all takes its time.
    guard options.count <= 1000, word.utf8.count <= 200 else { return nil }
    let wanted = matchingCase ? word : word.lowercased()
    var best: (option: String, distance: Int)?
    for option in options.sorted() {
      let candidate = matchingCase ? option : option.lowercased()
      if candidate == wanted { return nil }
      let distance = distance(wanted, candidate, limit: best.map { $0.distance } ?? 3)
      if distance < best?.distance ?? 3 { best = (candidate, distance) }
    }
    guard let best else { return nil }
    if matchingCase { return best.option }
    return word == word.uppercased() ? best.option.uppercased() : best.option
  }

  /// ` (did you mean OPTION?)`, or nothing.
  package static func hint(for word: String, in options: [String], matchingCase: Bool = true) -> String {
    nearest(to: word, in: options, matchingCase: matchingCase).map { " (did you mean \($0)?)" } ?? ""
  }

  /// How many characters have to be put in, left out, changed or swapped with their neighbours; `limit` when it is at least that.
  private static func distance(_ left: String, _ right: String, limit: Int) -> Int {
    let left = Array(left.unicodeScalars)
    let right = Array(right.unicodeScalars)
    guard abs(left.count - right.count) < limit else { return limit }
    var before: [Int] = []
    var row = Array(0...right.count)
    for index in left.indices {
      var following = [index + 1]
      for column in right.indices {
        var best = min(row[column] + (left[index] == right[column] ? 0 : 1), row[column + 1] + 1, following[column] + 1)
        if index > 0, column > 0, left[index] == right[column - 1], left[index - 1] == right[column] { best = min(best, before[column - 1] + 1) }
        following.append(best)
      }
      (before, row) = (row, following)
    }
    return min(row[right.count], limit)
  }
}
