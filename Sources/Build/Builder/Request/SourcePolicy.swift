// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What a client allows of the sources of its build, and what it has put in their place (BuildKit's source policies).
///
/// Sources go by BuildKit's names for them: `docker-image://docker.io/library/busybox:latest`, `local://context`, `https://…`, `git://…`.
package struct SourcePolicy: Sendable, Hashable {
  package enum Action: Sendable, Hashable {
    case allow, deny
    /// Another source is taken, with these attributes set; empty: it stays.
    case convert(to: String, attributes: [String: String])
  }

  package enum Form: Sendable, Hashable {
    /// The name itself, or with `*` for any text.
    case wildcard
    case exact
    case regularExpression
  }

  package enum Condition: Sendable, Hashable { case equal, notEqual, matches }

  package struct Constraint: Sendable, Hashable {
    package var key: String
    package var value: String
    package var condition: Condition

    package init(key: String, value: String, condition: Condition) { (self.key, self.value, self.condition) = (key, value, condition) }
  }

  package struct Rule: Sendable, Hashable {
    package var action: Action
    package var source: String
    package var form: Form
    /// All have to hold for the source's attributes.
    package var constraints: [Constraint] = []

    package init(_ action: Action, _ source: String, _ form: Form = .wildcard) { (self.action, self.source, self.form) = (action, source, form) }
  }

  /// A source with its attributes.
  package struct Source: Sendable, Hashable {
    package var name: String
    package var attributes: [String: String] = [:]

    package init(_ name: String, _ attributes: [String: String] = [:]) { (self.name, self.attributes) = (name, attributes) }
  }

  private static let mostConversions = 20

  package var rules: [Rule] = []

  package init(_ rules: [Rule] = []) { self.rules = rules }

  /// The source that takes the place of another. Throws `forbidden` for one that is denied, `invalidArgument` for rules that lead in a circle.
  package func source(for source: Source) throws(HullError) -> Source {
    var source = source
    for _ in 0..<Self.mostConversions {
      guard let next = try converted(source) else { return source }
      source = next
    }
    throw HullError(.invalidArgument, "source policy: too many mutations on a single source: \(source.name)")
  }

  /// One conversion; `nil`: none. Of rules that allow and deny the last one counts.
  private func converted(_ source: Source) throws(HullError) -> Source? {
    var isDenied = false
    for rule in rules {
      guard let matched = try rule.match(source) else { continue }
      switch rule.action {
      case .allow: isDenied = false
      case .deny: isDenied = true
      case .convert(let target, let attributes):
        var next = source
        next.name = matched.filled(target.isEmpty ? rule.source : target)
        next.attributes.merge(attributes) { $1 }
        if next != source { return next }
      }
    }
    if isDenied { throw HullError(.forbidden, "source \(quoted(source.name)) denied by policy: source denied by policy") }
    return nil
  }
}

extension SourcePolicy.Rule {
  /// What a rule has found in a source's name.
  struct Found {
    /// The whole name, then its parts by their numbers.
    var parts: [String]

    /// A text with `$1` or `${1}` replaced by parts.
    func filled(_ text: String) -> String {
      guard parts.count > 1 else { return text }
      return text.replacing(#/\$(?:\{([0-9]+)\}|([0-9]+))/#) { match in
        let number = (match.output.1 ?? match.output.2).flatMap { Int($0) } ?? 0
        return parts.indices.contains(number) ? parts[number] : ""
      }
    }
  }

  /// `nil`: it is not about that source.
  func match(_ source: SourcePolicy.Source) throws(HullError) -> Found? {
    for constraint in constraints { guard try constraint.holds(for: source.attributes) else { return nil } }
    if self.source == source.name { return Found(parts: [source.name]) }
    switch form {
    case .exact: return nil
    case .wildcard:
      let parts = self.source.split(separator: "*", omittingEmptySubsequences: false).map { Pattern.escaped(String($0)) }
      return try Pattern("^\(parts.joined(separator: "(.*)"))$").found(in: source.name).map(Found.init(parts:))
    case .regularExpression: return try Pattern(self.source).found(in: source.name).map(Found.init(parts:))
    }
  }
}

extension SourcePolicy.Constraint {
  fileprivate func holds(for attributes: [String: String]) throws(HullError) -> Bool {
    switch condition {
    case .equal: return attributes[key] ?? "" == value
    case .notEqual: return attributes[key] ?? "" != value
    case .matches: return try Pattern(value).found(in: attributes[key] ?? "") != nil
    }
  }
}

/// A regular expression that a client has written.
private struct Pattern {
  private let expression: Regex<AnyRegexOutput>

  init(_ text: String) throws(HullError) {
    do { expression = try Regex(text) } catch {
      throw HullError(.invalidArgument, "source policy: \(quoted(text)) is no regular expression", cause: error)
    }
  }

  /// The whole match, then its groups; `nil`: there is none.
  func found(in text: String) -> [String]? {
    guard let match = text.firstMatch(of: expression) else { return nil }
    return match.output.map { String($0.substring ?? "") }
  }

  /// A text that means itself.
  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      if #"\^$.|?*+()[]{}/-#"#.contains(character) { result += "\\" }
      result.append(character)
    }
  }
}
