// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder

extension SourcePolicy {
  init(_ policy: ControlSourcePolicy) { self.init(policy.rules.map(Rule.init)) }
}

extension SourcePolicy.Rule {
  fileprivate init(_ rule: ControlPolicyRule) {
    let action: SourcePolicy.Action =
      switch rule.action {
      case .deny: .deny
      case .convert: .convert(to: rule.updates.identifier, attributes: rule.updates.attrs)
      case .allow, .UNRECOGNIZED: .allow
      }
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
