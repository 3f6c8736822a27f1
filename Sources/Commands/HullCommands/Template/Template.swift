// SPDX-License-Identifier: Apache-2.0

/// A template of Go's text/template language over JSON values: what `--format` takes.
struct Template {
  private let nodes: [TemplateNode]

  /// Reads the template; errors are in Go's words, `template: :1: …`.
  init(_ source: String) throws(TemplateError) {
    nodes = try TemplateParser.parse(source, functions: TemplateFunctions.names)
  }

  func render(_ subject: TemplateSubject) throws(TemplateError) -> String {
    var run = TemplateRun(subject: subject)
    return try run.execute(nodes)
  }

  /// Whether a field of this name is mentioned: `--size` is asked of the engine only when it is shown.
  func mentions(_ field: String) -> Bool { nodes.contains { $0.mentions(field) } }
}

/// What a template is carried out on.
struct TemplateSubject {
  enum Missing {
    /// A row of fixed fields: `can't evaluate field X in type T`.
    case field(type: String)
    /// Any JSON: `map has no entry for key "X"`.
    case mapEntry
  }
  var value: JSON
  var missing: Missing = .mapEntry
  /// `{{.Label "name"}}`: fields of the subject that take an argument.
  var methods: [String: (String) -> String] = [:]
  /// Column headings: functions that would change a value leave them alone.
  var isHeader = false
  /// A row as a whole is written as Go's encoder does it, `<` as an escape.
  var escapesObjects = false
}

extension TemplateNode {
  fileprivate func mentions(_ field: String) -> Bool {
    switch self {
    case .text, .leaveLoop, .nextRound: false
    case .action(let pipeline): pipeline.mentions(field)
    case .condition(let pipeline, let then, let otherwise), .with(let pipeline, let then, let otherwise),
      .range(let pipeline, let then, let otherwise):
      pipeline.mentions(field) || (then + otherwise).contains { $0.mentions(field) }
    }
  }
}

extension TemplatePipeline {
  fileprivate func mentions(_ field: String) -> Bool {
    commands.contains { command in
      command.operands.contains { operand in
        switch operand.kind {
        case .fields(let names), .variable(_, let names): names.first == field
        case .group(let pipeline, _): pipeline.mentions(field)
        case .dot: true
        default: false
        }
      }
    }
  }
}
