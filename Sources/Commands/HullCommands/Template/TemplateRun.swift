// SPDX-License-Identifier: Apache-2.0

/// One carrying out of a template.
struct TemplateRun {
  private enum Flow { case onward, leaveLoop, nextRound }

  private let subject: TemplateSubject
  private var dot: JSON
  /// Whether dot is the subject itself, whose fields may be methods and must exist.
  private var atSubject = true
  private var variables: [(name: String, value: JSON)]
  private var out = ""

  init(subject: TemplateSubject) {
    self.subject = subject
    dot = subject.value
    variables = [("", subject.value)]
  }

  mutating func execute(_ nodes: [TemplateNode]) throws(TemplateError) -> String {
    _ = try walk(nodes)
    return out
  }

  private mutating func walk(_ nodes: [TemplateNode]) throws(TemplateError) -> Flow {
    let scope = variables.count
    defer { variables.removeLast(variables.count - scope) }
    for node in nodes {
      let flow = try step(node)
      if flow != .onward { return flow }
    }
    return .onward
  }

  private mutating func step(_ node: TemplateNode) throws(TemplateError) -> Flow {
    switch node {
    case .text(let text): out += text
    case .action(let pipeline):
      let value = try evaluate(pipeline)
      if pipeline.variables.isEmpty { out += GoFormat.print(value) }
    case .condition(let pipeline, let then, let otherwise):
      let scope = variables.count
      defer { variables.removeLast(variables.count - scope) }
      return try walk(GoFormat.isTrue(evaluate(pipeline)) ? then : otherwise)
    case .with(let pipeline, let then, let otherwise):
      let scope = variables.count
      defer { variables.removeLast(variables.count - scope) }
      let value = try evaluate(pipeline)
      guard GoFormat.isTrue(value) else { return try walk(otherwise) }
      return try walk(then, on: value)
    case .range(let pipeline, let body, let otherwise): return try range(pipeline, body, otherwise)
    case .leaveLoop: return .leaveLoop
    case .nextRound: return .nextRound
    }
    return .onward
  }

  private mutating func walk(_ nodes: [TemplateNode], on value: JSON) throws(TemplateError) -> Flow {
    let saved = (dot, atSubject)
    (dot, atSubject) = (value, false)
    defer { (dot, atSubject) = saved }
    return try walk(nodes)
  }

  private mutating func range(_ pipeline: TemplatePipeline, _ body: [TemplateNode], _ otherwise: [TemplateNode]) throws(TemplateError) -> Flow {
    let scope = variables.count
    defer { variables.removeLast(variables.count - scope) }
    var bare = pipeline
    bare.variables = []
    let rounds: [(key: JSON, value: JSON)]
    switch try evaluate(bare) {
    case .array(let elements): rounds = elements.enumerated().map { (.int($0.offset), $0.element) }
    case .object(let object): rounds = object.sorted.map { (.string($0.key), $0.value) }
    case .number(let digits): rounds = (0..<max(0, min(Int(digits) ?? 0, 1_000_000))).map { (.int($0), .int($0)) }
    case .null: rounds = []
    case let other: throw TemplateError(description: "template: :1: range can't iterate over \(GoFormat.print(other))")
    }
    if rounds.isEmpty { return try walk(otherwise) }
    for (key, value) in rounds {
      let inner = variables.count
      defer { variables.removeLast(variables.count - inner) }
      switch pipeline.variables.count {
      case 1: bind(pipeline.variables[0], value, assign: pipeline.isAssignment)
      case 2:
        bind(pipeline.variables[0], key, assign: pipeline.isAssignment)
        bind(pipeline.variables[1], value, assign: pipeline.isAssignment)
      default: break
      }
      if try walk(body, on: value) == .leaveLoop { break }
    }
    return .onward
  }

  private mutating func bind(_ name: String, _ value: JSON, assign: Bool) {
    if assign, let index = variables.lastIndex(where: { $0.name == name }) {
      variables[index].value = value
    } else {
      variables.append((name, value))
    }
  }

  private mutating func evaluate(_ pipeline: TemplatePipeline) throws(TemplateError) -> JSON {
    var value: JSON?
    for command in pipeline.commands { value = try evaluate(command, piped: value) }
    let result = value ?? .null
    if let name = pipeline.variables.last { bind(name, result, assign: pipeline.isAssignment) }
    return result
  }

  private mutating func evaluate(_ command: TemplateCommand, piped: JSON?) throws(TemplateError) -> JSON {
    let first = command.operands[0]
    let rest = Array(command.operands.dropFirst())
    if case .function(let name) = first.kind {
      if name == "and" || name == "or" { return try shortCircuit(name, rest, piped, at: first) }
      var arguments: [JSON] = []
      for operand in rest { arguments.append(try evaluate(operand)) }
      if let piped { arguments.append(piped) }
      do throws(TemplateError) {
        return try TemplateFunctions.call(name, arguments, for: subject)
      } catch {
        throw failure(first, "error calling \(name): \(error)")
      }
    }
    if case .fields(let names) = first.kind, names.count == 1, atSubject, let method = subject.methods[names[0]] {
      guard rest.count + (piped == nil ? 0 : 1) == 1 else {
        throw failure(first, "wrong number of args for \(names[0]): want 1 got \(rest.count)")
      }
      return .string(method(try rest.first.map { (operand) throws(TemplateError) in try evaluate(operand) }?.text ?? piped?.text ?? ""))
    }
    guard rest.isEmpty, piped == nil else { throw failure(first, "can't give argument to non-function \(first.source)") }
    return try evaluate(first)
  }

  /// The first operand that decides, as in Go: the others are not evaluated.
  private mutating func shortCircuit(_ name: String, _ operands: [TemplateOperand], _ piped: JSON?, at place: TemplateOperand) throws(TemplateError)
    -> JSON
  {
    var value: JSON?
    for operand in operands {
      let next = try evaluate(operand)
      if GoFormat.isTrue(next) == (name == "or") { return next }
      value = next
    }
    guard let last = piped ?? value else { throw failure(place, "wrong number of args for \(name): want at least 1 got 0") }
    return last
  }

  private mutating func evaluate(_ operand: TemplateOperand) throws(TemplateError) -> JSON {
    switch operand.kind {
    case .dot: return dot
    case .null: return .null
    case .literal(let value): return value
    case .fields(let names): return try chain(dot, names, operand, strict: atSubject)
    case .variable(let name, let names):
      guard let value = variables.last(where: { $0.name == name })?.value else {
        throw TemplateError(description: "template: :\(operand.line): undefined variable \"$\(name)\"")
      }
      return try chain(value, names, operand, strict: name.isEmpty)
    case .group(let pipeline, let names): return try chain(evaluate(pipeline), names, operand, strict: false)
    case .function: return try evaluate(TemplateCommand(operands: [operand]), piped: nil)
    }
  }

  private func chain(_ start: JSON, _ names: [String], _ operand: TemplateOperand, strict: Bool) throws(TemplateError) -> JSON {
    var value = start
    var parent: String?
    for (index, name) in names.enumerated() {
      if let next = value.object[name] {
        value = next.isNull ? GoFormat.typedNull(name) : next
      } else {
        value = try missing(name, in: value, parent: parent, operand, atSubject: strict && index == 0)
      }
      parent = name
    }
    return value
  }

  private func missing(_ name: String, in value: JSON, parent: String?, _ operand: TemplateOperand, atSubject: Bool) throws(TemplateError) -> JSON {
    if case .object = value {
      if atSubject, case .field(let type) = subject.missing { throw failure(operand, "can't evaluate field \(name) in type \(type)") }
      if let parent, GoFormat.mapFields.contains(parent) { return .null }
      if let omitted = GoFormat.omittedFields[name] { return omitted }
      throw failure(operand, "map has no entry for key \(Text.quoted(name))")
    }
    if value.isNull { throw failure(operand, "nil data; no entry for key \(Text.quoted(name))") }
    throw failure(operand, "can't evaluate field \(name) in type \(GoFormat.typeName(value))")
  }

  private func failure(_ operand: TemplateOperand, _ what: String) -> TemplateError {
    TemplateError(description: "template: :\(operand.line):\(operand.column): executing \"\" at <\(operand.source)>: \(what)")
  }
}
