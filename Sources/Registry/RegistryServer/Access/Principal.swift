// SPDX-License-Identifier: Apache-2.0
import RegistryStore

/// What can be done with a repository.
package enum Action: String, Sendable, Hashable, CaseIterable, Codable {
  case pull, push, delete
}

/// Who asks.
package struct Principal: Sendable {
  /// Nil: nobody in particular.
  package let name: String?
  /// What a token allows, by repository; nil: whatever the rules allow.
  let grants: [String: Set<Action>]?

  static let anonymous = Principal(name: nil, grants: nil)

  init(name: String?, grants: [String: Set<Action>]? = nil) {
    self.name = name
    self.grants = grants
  }
}

/// Who may do what: the rules are read in any order, and what one of them allows is allowed.
package struct AccessRules: Sendable {
  package struct Rule: Sendable {
    package var repositories: [NamePattern]
    package var users: Set<String> = []
    package var groups: Set<String> = []
    /// Anybody who has proved who they are.
    package var authenticated = false
    /// Anybody at all.
    package var anonymous = false
    package var actions: Set<Action>
    package init(repositories: [NamePattern], actions: Set<Action>) {
      self.repositories = repositories
      self.actions = actions
    }
  }

  package var rules: [Rule]
  /// Members by group.
  package var groups: [String: Set<String>]

  package init(rules: [Rule], groups: [String: Set<String>] = [:]) {
    self.rules = rules
    self.groups = groups
  }

  /// Everybody may do everything: for a registry that knows no users.
  package static var open: AccessRules { everything { $0.anonymous = true } }
  /// Whoever has logged in may do everything, nobody else anything.
  package static var members: AccessRules { everything { $0.authenticated = true } }

  package func allows(_ user: String?, _ action: Action, _ name: RepositoryName) -> Bool {
    rules.contains { rule in
      rule.actions.contains(action) && holds(rule, for: user) && rule.repositories.contains { $0.matches(name) }
    }
  }

  /// Whether every repository, by any name, may be read.
  func readsEverything(_ user: String?) -> Bool {
    rules.contains { rule in rule.actions.contains(.pull) && holds(rule, for: user) && rule.repositories.contains { $0.description == "**" } }
  }

  /// Whether somebody who has not logged in may do anything.
  var admitsAnonymous: Bool { rules.contains { $0.anonymous } }

  private func holds(_ rule: Rule, for user: String?) -> Bool {
    if rule.anonymous { return true }
    guard let user else { return false }
    return rule.authenticated || rule.users.contains(user) || rule.groups.contains { groups[$0]?.contains(user) ?? false }
  }

  private static func everything(_ change: (inout Rule) -> Void) -> AccessRules {
    var rule = Rule(repositories: (try? NamePattern("**")).map { [$0] } ?? [], actions: Set(Action.allCases))
    change(&rule)
    return AccessRules(rules: [rule])
  }
}
