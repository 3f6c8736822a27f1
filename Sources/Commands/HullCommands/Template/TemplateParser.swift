// SPDX-License-Identifier: Apache-2.0

/// Builds the tree of a template from its words.
struct TemplateParser {
  private let tokens: [TemplateLexer.Place]
  private var position = 0
  private var loops = 0
  private var depth = 0
  private let functions: Set<String>

  static func parse(_ source: String, functions: Set<String>) throws(TemplateError) -> [TemplateNode] {
    var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source), functions: functions)
    let (nodes, end) = try parser.nodes()
    if let end { throw parser.failure("unexpected {{\(end)}}") }
    return nodes
  }

  private init(tokens: [TemplateLexer.Place], functions: Set<String>) {
    self.tokens = tokens
    self.functions = functions
  }

  private func failure(_ what: String) -> TemplateError {
    TemplateError(description: "template: :\(tokens.isEmpty ? 1 : tokens[min(position, tokens.count - 1)].line): \(what)")
  }

  private var token: TemplateLexer.Token? { position < tokens.count ? tokens[position].token : nil }

  private mutating func skipSpace() { while token == .space { position += 1 } }

  /// Nodes up to the end, or up to `{{end}}` or `{{else …}}`, whose word comes back.
  private mutating func nodes() throws(TemplateError) -> ([TemplateNode], String?) {
    guard depth < 100 else { throw failure("nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    var nodes: [TemplateNode] = []
    while let token {
      position += 1
      if case .text(let text) = token {
        nodes.append(.text(text))
        continue
      }
      skipSpace()
      if case .word(let word) = self.token, ["end", "else"].contains(word) {
        position += 1
        return (nodes, word)
      }
      nodes.append(try action())
    }
    return (nodes, nil)
  }

  private mutating func action() throws(TemplateError) -> TemplateNode {
    guard case .word(let word) = token else { return .action(try pipeline(until: .close)) }
    switch word {
    case "if", "with", "range":
      position += 1
      return try block(word)
    case "break", "continue":
      guard loops > 0 else { throw failure("{{\(word)}} outside {{range}}") }
      position += 1
      try expectClose(word)
      return word == "break" ? .leaveLoop : .nextRound
    case "define", "template", "block": throw failure("{{\(word)}} is not supported")
    default: return .action(try pipeline(until: .close))
    }
  }

  private mutating func expectClose(_ context: String) throws(TemplateError) {
    skipSpace()
    guard token == .close else { throw failure("unexpected word in {{\(context)}}") }
    position += 1
  }

  private mutating func block(_ word: String) throws(TemplateError) -> TemplateNode {
    let condition = try pipeline(until: .close)
    if word == "range" { loops += 1 }
    let (body, end) = try nodes()
    if word == "range" { loops -= 1 }
    var otherwise: [TemplateNode] = []
    switch end {
    case "end": try expectClose("end")
    case "else":
      skipSpace()
      if case .word(let next) = token, next == "if" || next == "with" {
        position += 1
        otherwise = [try block(next)]
      } else {
        try expectClose("else")
        let (nodes, last) = try nodes()
        guard last == "end" else { throw failure("expected end; found \(last.map { "{{\($0)}}" } ?? "EOF")") }
        try expectClose("end")
        otherwise = nodes
      }
    default: throw failure("unexpected EOF")
    }
    switch word {
    case "if": return .condition(condition, then: body, otherwise: otherwise)
    case "with": return .with(condition, then: body, otherwise: otherwise)
    default: return .range(condition, body: body, otherwise: otherwise)
    }
  }

  private mutating func pipeline(until end: TemplateLexer.Token) throws(TemplateError) -> TemplatePipeline {
    guard depth < 100 else { throw failure("nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    var pipeline = TemplatePipeline()
    try declaration(&pipeline)
    while true {
      let operands = try command()
      if operands.isEmpty { throw failure("missing value for command") }
      pipeline.commands.append(TemplateCommand(operands: operands))
      if token == end {
        position += 1
        return pipeline
      }
      guard token == .symbol("|") else { throw failure(token == nil ? "unclosed action" : "unexpected word in command") }
      position += 1
    }
  }

  /// `$a :=`, `$a, $b :=` or `$a =` at the start of a pipeline.
  private mutating func declaration(_ pipeline: inout TemplatePipeline) throws(TemplateError) {
    let mark = position
    var names: [String] = []
    while true {
      skipSpace()
      guard case .variable(let name) = token, !name.isEmpty else { break }
      position += 1
      names.append(name)
      skipSpace()
      if token == .symbol(","), names.count < 2 {
        position += 1
        continue
      }
      if token == .symbol(":") || token == .symbol("=") {
        pipeline.variables = names
        pipeline.isAssignment = token == .symbol("=")
        position += 1
        return
      }
      break
    }
    position = mark
  }

  private mutating func command() throws(TemplateError) -> [TemplateOperand] {
    var operands: [TemplateOperand] = []
    while true {
      skipSpace()
      guard let token else { throw failure("unclosed action") }
      if token == .close || token == .symbol("|") || token == .symbol(")") { return operands }
      operands.append(try operand())
    }
  }

  private mutating func operand() throws(TemplateError) -> TemplateOperand {
    let place = tokens[position]
    position += 1
    func made(_ kind: TemplateOperand.Kind, _ source: String) -> TemplateOperand {
      TemplateOperand(kind: kind, line: place.line, column: place.column, source: source)
    }
    switch place.token {
    case .symbol("."): return made(.dot, ".")
    case .field(let name):
      let chain = [name] + fieldChain()
      return made(.fields(chain), "." + chain.joined(separator: "."))
    case .variable(let name):
      let chain = fieldChain()
      return made(.variable(name, chain), (["$" + name] + chain).joined(separator: "."))
    case .string(let text): return made(.literal(.string(text)), Text.quoted(text))
    case .number(let digits):
      guard let number = Self.number(digits) else { throw failure("bad number syntax: \(Text.quoted(digits))") }
      return made(.literal(number), digits)
    case .word("true"): return made(.literal(true), "true")
    case .word("false"): return made(.literal(false), "false")
    case .word("nil"): return made(.null, "nil")
    case .word(let name):
      guard functions.contains(name) else { throw failure("function \(Text.quoted(name)) not defined") }
      return made(.function(name), name)
    case .symbol("("):
      let inner = try pipeline(until: .symbol(")"))
      return made(.group(inner, fieldChain()), "(…)")
    default: throw failure("unexpected word in command")
    }
  }

  private mutating func fieldChain() -> [String] {
    var names: [String] = []
    while case .field(let name) = token {
      names.append(name)
      position += 1
    }
    return names
  }

  private static func number(_ text: String) -> JSON? {
    if let value = Int(text) { return .int(value) }
    if text.hasPrefix("0x"), let value = Int(text.dropFirst(2), radix: 16) { return .int(value) }
    return Double(text) == nil ? nil : .number(text)
  }
}
