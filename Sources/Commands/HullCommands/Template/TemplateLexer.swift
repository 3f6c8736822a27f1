// SPDX-License-Identifier: Apache-2.0

/// Cuts a template into text and the words of its actions.
struct TemplateLexer {
  enum Token: Equatable {
    case text(String)
    case open
    case close
    case word(String)
    case field(String)
    case variable(String)
    case string(String)
    case number(String)
    case symbol(Character)
    /// White space between the words of an action: `.A .B` is two operands, `.A.B` is one.
    case space
  }

  struct Place {
    var token: Token
    var line: Int
    var column: Int
  }

  private let source: [Character]
  private var position = 0
  private var line = 1
  private var lineStart = 0
  private var tokens: [Place] = []

  static func tokens(of source: String) throws(TemplateError) -> [Place] {
    var lexer = TemplateLexer(source: Array(source))
    try lexer.run()
    return lexer.tokens
  }

  private init(source: [Character]) { self.source = source }

  private func failure(_ what: String) -> TemplateError { TemplateError(description: "template: :\(line): \(what)") }

  private func looking(at text: String) -> Bool { source[position...].starts(with: text) }

  private mutating func add(_ token: Token, from start: Int) { tokens.append(Place(token: token, line: line, column: start - lineStart)) }

  private mutating func advance() -> Character {
    let character = source[position]
    position += 1
    if character == "\n" {
      line += 1
      lineStart = position
    }
    return character
  }

  private mutating func run() throws(TemplateError) {
    var trimsNext = false
    while position < source.count {
      let start = position
      var text = ""
      while position < source.count, !looking(at: "{{") { text.append(advance()) }
      if trimsNext { text = String(text.drop(while: \.isWhitespace)) }
      trimsNext = false
      guard position < source.count else {
        if !text.isEmpty { add(.text(text), from: start) }
        return
      }
      let trimsPrevious = looking(at: "{{- ") || looking(at: "{{-\n") || looking(at: "{{-\t")
      if trimsPrevious { while text.last?.isWhitespace == true { text.removeLast() } }
      if !text.isEmpty { add(.text(text), from: start) }
      position += trimsPrevious ? 3 : 2
      trimsNext = try action()
    }
  }

  /// Up to `}}`; whether the text behind it loses its leading white space.
  private mutating func action() throws(TemplateError) -> Bool {
    if try skipComment() { return closing() }
    add(.open, from: position)
    while position < source.count {
      if looking(at: "}}") || looking(at: " -}}") || looking(at: "\n-}}") || looking(at: "\t-}}") {
        add(.close, from: position)
        return closing()
      }
      try word()
    }
    throw failure("unclosed action")
  }

  private mutating func closing() -> Bool {
    let trims = !looking(at: "}}")
    if trims, source[position] != "-" { _ = advance() }
    position += trims ? 3 : 2
    return trims
  }

  private mutating func skipComment() throws(TemplateError) -> Bool {
    let mark = position
    while position < source.count, source[position] == " " { position += 1 }
    guard looking(at: "/*") else {
      position = mark
      return false
    }
    while position < source.count, !looking(at: "*/") { _ = advance() }
    position += 2
    guard position < source.count, looking(at: "}}") || looking(at: " -}}") else { throw failure("comment ends before closing delimiter") }
    return true
  }

  private mutating func word() throws(TemplateError) {
    let start = position
    let first = advance()
    switch first {
    case let space where space.isWhitespace:
      while position < source.count, source[position].isWhitespace, !looking(at: " -}}") { _ = advance() }
      add(.space, from: start)
    case "\"": add(.string(try quoted()), from: start)
    case "`": add(.string(try raw()), from: start)
    case ".":
      let name = identifier()
      add(name.isEmpty ? .symbol(".") : .field(name), from: start)
    case "$": add(.variable(identifier()), from: start)
    case ":":
      guard position < source.count, advance() == "=" else { throw failure("expected :=") }
      add(.symbol(":"), from: start)
    case "=", "|", ",", "(", ")": add(.symbol(first), from: start)
    case let digit where digit.isNumber || ((digit == "-" || digit == "+") && position < source.count && source[position].isNumber):
      while position < source.count, source[position].isNumber || source[position].isLetter || source[position] == "." { position += 1 }
      add(.number(String(source[start..<position])), from: start)
    case let letter where letter.isLetter || letter == "_":
      position = start
      add(.word(identifier()), from: start)
    default: throw failure("unexpected \(Text.quoted(String(first))) in command")
    }
  }

  private mutating func identifier() -> String {
    let start = position
    while position < source.count, source[position].isLetter || source[position].isNumber || source[position] == "_" { position += 1 }
    return String(source[start..<position])
  }

  private mutating func raw() throws(TemplateError) -> String {
    var text = ""
    while position < source.count {
      let character = advance()
      if character == "`" { return text }
      text.append(character)
    }
    throw failure("unterminated raw quoted string")
  }

  private mutating func quoted() throws(TemplateError) -> String {
    var text = ""
    while position < source.count {
      let character = advance()
      if character == "\"" { return text }
      guard character == "\\", position < source.count else {
        if character == "\n" { break }
        text.append(character)
        continue
      }
      let escaped = advance()
      switch escaped {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "r": text.append("\r")
      case "\\", "\"", "'": text.append(escaped)
      default: throw failure("unknown escape \\\(escaped) in a quoted string")
      }
    }
    throw failure("unterminated quoted string")
  }
}
