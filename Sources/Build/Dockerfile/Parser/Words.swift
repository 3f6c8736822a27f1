// SPDX-License-Identifier: Apache-2.0

/// Ways in which instructions fall into words. Quotes and escapes stay.
enum Words {
  /// Split at blanks, whatever is quoted.
  static func separated(_ text: String) -> [String] { text.unicodeScalars.split { $0.isSeparator }.map { String($0) } }

  /// The first word and what follows the blanks behind it.
  static func first(_ text: String) -> (head: String, tail: String?) {
    guard let index = text.unicodeScalars.firstIndex(where: { $0.isSeparator }) else { return (text, nil) }
    return (String(text.unicodeScalars[..<index]), String(text.unicodeScalars[index...].drop { $0.isSeparator }))
  }

  /// Split at blanks that are neither quoted nor escaped: what `ARG`, `ENV` and `LABEL` have.
  static func quoted(_ text: String, escape: Unicode.Scalar) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var words: [String] = []
    var word: [Unicode.Scalar] = []
    var quote: Unicode.Scalar?
    var position = 0
    while position < scalars.count {
      let scalar = scalars[position]
      position += 1
      if quote == nil, scalar.isBlank {
        if !word.isEmpty { words.append(String(word)) }
        word = []
        continue
      }
      if scalar == escape, quote != "'" {
        // At the very end it escapes nothing.
        guard position < scalars.count else { break }
        word += [scalar, scalars[position]]
        position += 1
        continue
      }
      word.append(scalar)
      if scalar == quote { quote = nil } else if quote == nil, scalar == "'" || scalar == "\"" { quote = scalar }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words
  }
}
