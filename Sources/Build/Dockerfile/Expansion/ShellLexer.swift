// SPDX-License-Identifier: Apache-2.0
import Errors

/// One pass over one word. A value type that a `WordExpander` makes for each.
struct ShellLexer {
  /// `${a:-${a:-…}}` as deep as this is an attack, not a default.
  private static let maximumDepth = 100

  private let source: [Unicode.Scalar]
  private var position = 0
  private var depth = 0
  private let modes: WordExpander.Modes
  private let escape: Unicode.Scalar
  private let maximum: Int
  private let lookup: (String) -> String?
  private var expansion = WordExpander.Expansion()

  init(_ word: String, modes: WordExpander.Modes, escape: Unicode.Scalar, maximum: Int, lookup: @escaping (String) -> String?) {
    source = Array(word.unicodeScalars)
    self.modes = modes
    self.escape = escape
    self.maximum = maximum
    self.lookup = lookup
  }

  mutating func run() throws(HullError) -> WordExpander.Expansion {
    let piece = try piece(until: nil, keepsEscapes: modes.contains(.keepsEscapes))
    expansion.text = String(piece.text)
    expansion.words = piece.words
    return expansion
  }

  private var next: Unicode.Scalar? { position < source.count ? source[position] : nil }

  private mutating func take() -> Unicode.Scalar? {
    guard position < source.count else { return nil }
    position += 1
    return source[position - 1]
  }

  private func failure(_ message: String) -> HullError { HullError(.invalidArgument, message) }

  /// Up to a character, which is taken, too, or to the end.
  private mutating func piece(until stop: Unicode.Scalar?, keepsEscapes: Bool) throws(HullError) -> WordCollector {
    var collector = WordCollector()
    while let scalar = next {
      if scalar == stop {
        position += 1
        return collector
      }
      try add(scalar, to: &collector, keepsEscapes: keepsEscapes)
      guard collector.text.count <= maximum else { throw failure("expands to more than \(maximum) characters") }
    }
    if let stop { throw failure("unexpected end of statement while looking for matching \(stop)") }
    collector.finish()
    return collector
  }

  private mutating func add(_ scalar: Unicode.Scalar, to collector: inout WordCollector, keepsEscapes: Bool) throws(HullError) {
    switch scalar {
    case "$": collector.add(splitting: try dollar())
    case "<": collector.add(whole: possibleHeredoc())
    case "'" where !modes.contains(.ignoresQuotes): collector.add(whole: try singleQuoted())
    case "\"" where !modes.contains(.ignoresQuotes): collector.add(whole: try doubleQuoted(keepsEscapes: keepsEscapes))
    case escape:
      position += 1
      if keepsEscapes { collector.add(literal: scalar) }
      if let escaped = take() { collector.add(literal: escaped) }
    default:
      position += 1
      collector.add(scalar)
    }
  }

  /// `<<` and blanks after it stay one word with the delimiter that follows.
  private mutating func possibleHeredoc() -> [Unicode.Scalar] {
    position += 1
    guard next == "<" else { return ["<"] }
    position += 1
    var text: [Unicode.Scalar] = ["<", "<"]
    while let scalar = next, scalar == " " || scalar == "\t" || scalar == "\r" {
      text.append(scalar)
      position += 1
    }
    return text
  }

  private mutating func singleQuoted() throws(HullError) -> [Unicode.Scalar] {
    let keeps = modes.contains(.keepsQuotes)
    position += 1
    var text: [Unicode.Scalar] = keeps ? ["'"] : []
    while let scalar = take() {
      guard scalar == "'" else {
        text.append(scalar)
        continue
      }
      if keeps { text.append(scalar) }
      return text
    }
    throw failure("unexpected end of statement while looking for matching single-quote")
  }

  private mutating func doubleQuoted(keepsEscapes: Bool) throws(HullError) -> [Unicode.Scalar] {
    let keeps = modes.contains(.keepsQuotes)
    position += 1
    var text: [Unicode.Scalar] = keeps ? ["\""] : []
    while let scalar = next {
      switch scalar {
      case "\"":
        position += 1
        if keeps { text.append(scalar) }
        return text
      case "$": text += try dollar()
      default: quotedScalar(into: &text, keepsEscapes: keepsEscapes)
      }
    }
    throw failure("unexpected end of statement while looking for matching double-quote")
  }

  /// In double quotes only the quote, the dollar and the escape itself can be escaped.
  private mutating func quotedScalar(into text: inout [Unicode.Scalar], keepsEscapes: Bool) {
    guard let scalar = take() else { return }
    guard scalar == escape else {
      text.append(scalar)
      return
    }
    if keepsEscapes { text.append(scalar) }
    guard let following = next else { return }
    if following == "\"" || following == "$" || following == escape {
      position += 1
      text.append(following)
    } else {
      text.append(scalar)
    }
  }

  private mutating func dollar() throws(HullError) -> [Unicode.Scalar] {
    position += 1
    if next == "{" { return try braced() }
    let name = name()
    if name.isEmpty { return ["$"] }
    guard let value = value(of: name) else { return modes.contains(.keepsUnset) ? Array("$\(name)".unicodeScalars) : [] }
    return Array(value.unicodeScalars)
  }

  private mutating func braced() throws(HullError) -> [Unicode.Scalar] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ShellLexer.maximumDepth else { throw failure("substitutions are nested more than \(ShellLexer.maximumDepth) deep") }
    position += 1
    guard let first = next else { throw failure("syntax error: missing '}'") }
    if first == "{" || first == "}" || first == ":" { throw failure("syntax error: bad substitution") }
    let name = name()
    guard let modifier = take() else { throw failure("syntax error: missing '}'") }
    switch modifier {
    case "}":
      guard let value = value(of: name) else { return modes.contains(.keepsUnset) ? Array("${\(name)}".unicodeScalars) : [] }
      return Array(value.unicodeScalars)
    case ":":
      guard let second = take() else { throw failure("syntax error: missing '}'") }
      guard second == "-" || second == "+" || second == "?" else { throw failure("unsupported modifier (:\(second)) in substitution") }
      return try conditional(name, second, emptyIsUnset: true)
    case "-", "+", "?": return try conditional(name, modifier, emptyIsUnset: false)
    case "#", "%": return try trimmed(name, modifier)
    case "/": return try replaced(name)
    default: throw failure("unsupported modifier (\(modifier)) in substitution")
    }
  }

  /// The rest of a substitution up to its brace.
  private mutating func operand(until stop: Unicode.Scalar, keepsEscapes: Bool) throws(HullError) -> [Unicode.Scalar] {
    do throws(HullError) {
      return try piece(until: stop, keepsEscapes: keepsEscapes).text
    } catch {
      if next == nil { throw failure(stop == "}" ? "syntax error: missing '}'" : "syntax error: missing '/' in ${}") }
      throw error
    }
  }

  private mutating func conditional(_ name: String, _ modifier: Unicode.Scalar, emptyIsUnset: Bool) throws(HullError) -> [Unicode.Scalar] {
    let word = try operand(until: "}", keepsEscapes: false)
    let value = value(of: name)
    if value == nil, modes.contains(.keepsUnset) {
      return Array("${\(name)\(emptyIsUnset ? ":" : "")\(modifier)\(String(word))}".unicodeScalars)
    }
    let given = emptyIsUnset && value == "" ? nil : value
    switch modifier {
    case "-": return given.map { Array($0.unicodeScalars) } ?? word
    case "+": return given == nil ? [] : word
    default:
      if let given { return Array(given.unicodeScalars) }
      let message = value == nil ? "is not allowed to be unset" : "is not allowed to be empty"
      throw failure("\(name): \(word.isEmpty ? message : String(word))")
    }
  }

  /// `#` and `%` once take the shortest match away, twice the longest.
  private mutating func trimmed(_ name: String, _ modifier: Unicode.Scalar) throws(HullError) -> [Unicode.Scalar] {
    let word = try operand(until: "}", keepsEscapes: true)
    let value = value(of: name)
    if value == nil, modes.contains(.keepsUnset) { return Array("${\(name)\(modifier)\(String(word))}".unicodeScalars) }
    let longest = word.first == modifier
    let pattern = try ShellPattern(Array(longest ? word.dropFirst() : word[...]))
    let text = Array((value ?? "").unicodeScalars)
    return modifier == "#" ? pattern.withoutPrefix(text, longest: longest) : pattern.withoutSuffix(text, longest: longest)
  }

  private mutating func replaced(_ name: String) throws(HullError) -> [Unicode.Scalar] {
    let all = next == "/"
    if all { position += 1 }
    let word = try operand(until: "/", keepsEscapes: true)
    let replacement = try operand(until: "}", keepsEscapes: true)
    let value = value(of: name)
    if value == nil, modes.contains(.keepsUnset) { return Array("${\(name)/\(all ? "/" : "")\(String(word))/\(String(replacement))}".unicodeScalars) }
    return try ShellPattern(word).replacing(in: Array((value ?? "").unicodeScalars), with: replacement, all: all)
  }

  /// Letters, digits and underscores; a number; or one special parameter.
  private mutating func name() -> String {
    guard let first = next else { return "" }
    let start = position
    if first.isDigit {
      while let scalar = next, scalar.isDigit { position += 1 }
    } else if "@*#?-$!".unicodeScalars.contains(first) {
      position += 1
    } else {
      while let scalar = next, scalar.isLetter || scalar.isDigit || scalar == "_" { position += 1 }
    }
    return String(source[start..<position])
  }

  private mutating func value(of name: String) -> String? {
    guard let value = lookup(name) else {
      expansion.missing.insert(name)
      return nil
    }
    expansion.used.insert(name)
    return value
  }
}
