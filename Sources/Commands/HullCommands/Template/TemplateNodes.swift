// SPDX-License-Identifier: Apache-2.0

/// A parsed template: text, actions and blocks, as Go's text/template has them.
indirect enum TemplateNode {
  case text(String)
  case action(TemplatePipeline)
  case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
  case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
  case range(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
  case leaveLoop
  case nextRound
}

/// `$a, $b := command | command`.
struct TemplatePipeline {
  var variables: [String] = []
  /// `=` instead of `:=`.
  var isAssignment = false
  var commands: [TemplateCommand] = []
}

/// An operand alone, or a function or method with its arguments.
struct TemplateCommand {
  var operands: [TemplateOperand]
}

/// One word of a command, and where it stands.
struct TemplateOperand {
  indirect enum Kind {
    case dot
    case null
    case literal(JSON)
    /// `.A.B`
    case fields([String])
    /// `$`, `$x`, `$x.A`
    case variable(String, [String])
    case function(String)
    /// `(pipeline).A`
    case group(TemplatePipeline, [String])
  }
  var kind: Kind
  var line: Int
  var column: Int
  var source: String
}

/// A template that cannot be read or carried out, in Go's words.
struct TemplateError: Error, CustomStringConvertible {
  var description: String
}
