// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// The text of a Dockerfile instruction: words, quotes, variables, JSON lists.
enum ChangeText {
  static func trim(_ text: String) -> String {
    var text = Substring(text)
    while text.first?.isWhitespace ?? false { text.removeFirst() }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return String(text)
  }

  /// `["a","b"]`; `nil` when it is none.
  static func list(_ text: String) throws(HullError) -> [String]? {
    guard text.hasPrefix("[") else { return nil }
    return try? JSON.decode(Array(text.utf8), "list") as [String]
  }

  /// The exec form, or the shell form in a shell.
  static func command(_ text: String) throws(HullError) -> [String] { try list(text) ?? ["/bin/sh", "-c", text] }

  /// Words between blanks; quotes, backslashes and variables as in a shell.
  static func words(_ text: String, _ variables: [String]) throws(HullError) -> [String] {
    var parser = WordParser(text, variables)
    return try parser.words()
  }

  /// `a=b c="d e"`, or for one name the old form `a b c`.
  static func pairs(_ text: String, _ variables: [String], _ instruction: String) throws(HullError) -> [(String, String)] {
    let first = text.prefix { !$0.isWhitespace }
    guard first.contains("=") else {
      let value = trim(String(text.dropFirst(first.count)))
      guard !value.isEmpty else { throw HullError(.invalidArgument, "\(instruction) must have two arguments") }
      return [(String(first), try words(value, variables).joined(separator: " "))]
    }
    var pairs: [(String, String)] = []
    for word in try words(text, variables) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else {
        throw HullError(.invalidArgument, "Syntax error - can't find = in \(quoted(word)). Must be of the form: name=value")
      }
      guard !parts[0].isEmpty else { throw HullError(.invalidArgument, "\(instruction) names can not be blank") }
      pairs.append((parts[0], parts[1]))
    }
    return pairs
  }
}

/// Splits text into words as a shell would.
private struct WordParser {
  private var rest: Substring
  private let variables: [String: String]
  private var word: String?

  init(_ text: String, _ variables: [String]) {
    rest = text[...]
    let pairs = variables.map { entry -> (String, String) in
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (parts[0], parts.count == 2 ? parts[1] : "")
    }
    self.variables = Dictionary(pairs) { $1 }
  }

  mutating func words() throws(HullError) -> [String] {
    var words: [String] = []
    while let character = rest.popFirst() {
      switch character {
      case _ where character.isWhitespace:
        if let word { words.append(word) }
        word = nil
      case "'": try quote("'")
      case "\"": try quote("\"")
      case "\\": word = (word ?? "") + String(rest.popFirst() ?? "\\")
      case "$": word = (word ?? "") + variable()
      default: word = (word ?? "") + String(character)
      }
    }
    if let word { words.append(word) }
    return words
  }

  private mutating func quote(_ end: Character) throws(HullError) {
    word = word ?? ""
    while let character = rest.popFirst() {
      if character == end { return }
      if end == "\"", character == "\\", let next = rest.first, "\"\\$".contains(next) {
        rest.removeFirst()
        word?.append(next)
      } else if end == "\"", character == "$" {
        let value = variable()
        word?.append(value)
      } else {
        word?.append(character)
      }
    }
    throw HullError(.invalidArgument, "unexpected end of statement while looking for matching \(end == "'" ? "single" : "double")-quote")
  }

  private mutating func variable() -> String {
    let braces = rest.first == "{"
    if braces { rest.removeFirst() }
    let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    rest = rest.dropFirst(name.count)
    if braces, rest.first == "}" { rest.removeFirst() }
    return name.isEmpty ? "$" : variables[String(name)] ?? ""
  }
}
