// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors

extension SourcePolicy {
  /// Throws `invalidArgument` for rules that cannot be understood: none is passed over.
  init(_ policy: ControlSourcePolicy) throws(HullError) { self.init(try policy.rules.map(Rule.init)) }
}

extension SourcePolicy.Action {
  fileprivate init(_ rule: ControlPolicyRule) throws(HullError) {
    switch rule.action {
    case .allow: self = .allow
    case .deny: self = .deny
    case .convert:
      guard rule.hasUpdates else { throw HullError(.invalidArgument, "source policy: missing destination for convert rule: add updates to it") }
      self = .convert(to: rule.updates.identifier, attributes: rule.updates.attrs)
    case .UNRECOGNIZED(let number):
      throw HullError(.invalidArgument, "source policy: unknown type \(number) of a rule: use ALLOW, DENY or CONVERT")
    }
  }
}

extension SourcePolicy.Rule {
  fileprivate init(_ rule: ControlPolicyRule) throws(HullError) {
    guard rule.hasSelector else { throw HullError(.invalidArgument, "source policy: invalid nil selector in policy: name a source") }
    let action = try SourcePolicy.Action(rule)
    let form: SourcePolicy.Form =
      switch rule.selector.matchType {
      case .exact: .exact
      case .regex: .regularExpression
      case .wildcard, .UNRECOGNIZED: .wildcard
      }
    self.init(action, rule.selector.identifier, form)
    constraints = rule.selector.constraints.map { constraint in
      let condition: SourcePolicy.Condition = constraint.condition == .notequal ? .notEqual : constraint.condition == .matches ? .matches : .equal
      return SourcePolicy.Constraint(key: constraint.key, value: constraint.value, condition: condition)
    }
  }
}
