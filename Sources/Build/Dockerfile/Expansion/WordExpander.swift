// SPDX-License-Identifier: Apache-2.0
import Errors

/// Expands the words of instructions as Docker's builder does: like a POSIX shell's word expansion (Shell Command Language, 2.6), with `${x/p/r}` as in
/// bash, without commands and arithmetic.
///
/// `$x`, `${x}`, `${x:-w}`, `${x-w}`, `${x:+w}`, `${x+w}`, `${x:?w}`, `${x?w}`, `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`, `${x/p/r}`, `${x//p/r}`. Positional
/// and special parameters (`$1`, `$@`, `$$`) are names like others, which nobody sets.
package struct WordExpander {
  /// How much of the text stays as it is.
  package struct Modes: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Quotes are obeyed and kept.
    package static let keepsQuotes = Modes(rawValue: 1)
    /// The escape character is obeyed and kept.
    package static let keepsEscapes = Modes(rawValue: 2)
    /// Quotes are characters like others: the text of a here-document.
    package static let ignoresQuotes = Modes(rawValue: 4)
    /// References to names that are not set stay.
    package static let keepsUnset = Modes(rawValue: 8)
  }

  /// A word and what it was made from.
  package struct Expansion: Sendable, Hashable {
    package var text = ""
    /// The text split at blanks that are neither quoted nor escaped.
    package var words: [String] = []
    /// Names that were looked up and are set.
    package var used: Set<String> = []
    /// Names that were looked up and are not set, also where a default stood in.
    package var missing: Set<String> = []
  }

  private let escape: Unicode.Scalar
  private let lookup: (String) -> String?
  /// Longer results are refused, in characters: a few lines of `ARG` can double a text until no memory is left.
  var maximum = 16 << 20

  /// - Parameters:
  ///   - escape: `\` or `` ` ``, as the file's directive says.
  ///   - lookup: a variable's value; `nil` when it is not set.
  package init(escape: Character = "\\", lookup: @escaping (String) -> String?) {
    self.escape = escape.unicodeScalars.first ?? "\\"
    self.lookup = lookup
  }

  /// The word with variables put in, quotes and escapes taken off.
  ///
  /// - Throws: `.invalidArgument` for an open quote or brace, an unknown modifier, `${x:?}` without a value, and texts that grow beyond all measure.
  package func expand(_ word: String, modes: Modes = []) throws(HullError) -> String {
    if WordExpander.isPlain(word, escape: escape) { return word }
    return try expansion(of: word, modes: modes).text
  }

  /// The words that one becomes: split, after variables are put in, at blanks that are neither quoted nor escaped.
  package func expandWords(_ word: String, modes: Modes = []) throws(HullError) -> [String] { try expansion(of: word, modes: modes).words }

  /// The text of a here-document: only variables are put in, and escaped ones left; the escape is always `\`.
  package func expandDocument(_ text: String) throws(HullError) -> Expansion {
    try WordExpander(escape: "\\", lookup: lookup).expansion(of: text, modes: .ignoresQuotes)
  }

  /// The word, its words, and which names it took.
  package func expansion(of word: String, modes: Modes = []) throws(HullError) -> Expansion {
    var lexer = ShellLexer(word, modes: modes, escape: escape, maximum: maximum, lookup: lookup)
    do throws(HullError) {
      return try lexer.run()
    } catch {
      throw HullError(.invalidArgument, "failed to process \(WordExpander.shortened(word).quoted): \(error.message)")
    }
  }

  private static func isPlain(_ word: String, escape: Unicode.Scalar) -> Bool {
    word.unicodeScalars.allSatisfy { $0 != "$" && $0 != "'" && $0 != "\"" && $0 != escape }
  }

  private static func shortened(_ word: String) -> String {
    word.unicodeScalars.count <= 200 ? word : String(word.unicodeScalars.prefix(200)) + "…"
  }
}
