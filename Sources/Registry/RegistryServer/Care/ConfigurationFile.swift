// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import LinuxSystem
import OCISpec
import RegistryStore

/// The file that `--config` names: who may do what, how much, and for how long. JSON; unknown members are errors, so that a misspelt rule
/// is not silently none.
package struct ConfigurationFile: Sendable {
  package var rules: AccessRules?
  package var quota: @Sendable (RepositoryName) -> Int64? = { _ in nil }
  package var immutable: @Sendable (RepositoryName, String) -> Bool = { _, _ in false }
  package var retention: [(repositories: [NamePattern], rule: RetentionRule)] = []

  /// Throws `invalidArgument`, naming the file and the member.
  package init(path: String) throws(HullError) {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, limit: 4 << 20) } catch { throw HullError(.invalidArgument, "cannot read \(path): \(error.reason)") }
    do {
      try Members.check(bytes)
      try self.init(JSONDecoder().decode(Document.self, from: Data(bytes)))
    } catch let error as DecodingError {
      throw HullError(.invalidArgument, "\(path): \(Self.text(error))")
    } catch {
      throw HullError(.invalidArgument, "\(path) cannot be used", cause: error)
    }
  }

  private init(_ document: Document) throws(HullError) {
    if let access = document.access {
      var rules: [AccessRules.Rule] = []
      for entry in access {
        var rule = AccessRules.Rule(repositories: try Self.patterns(entry.repositories), actions: try Self.actions(entry.actions))
        rule.users = Set(entry.users ?? [])
        rule.groups = Set(entry.groups ?? [])
        rule.authenticated = entry.authenticated ?? false
        rule.anonymous = entry.anonymous ?? false
        rules.append(rule)
      }
      self.rules = AccessRules(rules: rules, groups: (document.groups ?? [:]).mapValues { Set($0) })
    }
    var quotas: [(patterns: [NamePattern], bytes: Int64)] = []
    for entry in document.quotas ?? [] { quotas.append((try Self.patterns(entry.repositories), try Quantity.bytes(entry.bytes))) }
    let limits = quotas
    quota = { name in limits.first { $0.patterns.contains { $0.matches(name) } }?.bytes }
    var fixed: [(names: [NamePattern], tags: [NamePattern])] = []
    for entry in document.immutableTags ?? [] { fixed.append((try Self.patterns(entry.repositories), try Self.patterns(entry.tags ?? ["**"]))) }
    let immutables = fixed
    immutable = { name, tag in
      immutables.contains { entry in entry.names.contains { $0.matches(name) } && entry.tags.contains { $0.matches(tag) } }
    }
    for entry in document.retention ?? [] { retention.append((try Self.patterns(entry.repositories), try Self.rule(entry))) }
  }

  private static func rule(_ entry: Document.Retention) throws(HullError) -> RetentionRule {
    var rule = RetentionRule()
    rule.keepLast = entry.keepLast
    rule.keepMatching = try patterns(entry.keepMatching ?? [])
    rule.olderThan = try entry.olderThan.map(Quantity.seconds)
    rule.notPulledFor = try entry.notPulledFor.map(Quantity.seconds)
    rule.untaggedAfter = try entry.untaggedAfter.map(Quantity.seconds)
    return rule
  }

  private static func patterns(_ texts: [String]) throws(HullError) -> [NamePattern] {
    var patterns: [NamePattern] = []
    for text in texts { patterns.append(try NamePattern(text)) }
    return patterns
  }

  private static func actions(_ texts: [String]) throws(HullError) -> Set<Action> {
    var actions: Set<Action> = []
    for text in texts {
      guard let action = Action(rawValue: text) else {
        throw HullError(.invalidArgument, "unknown action \(quoted(text)): use pull, push or delete")
      }
      actions.insert(action)
    }
    return actions
  }

  private static func text(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "\(path(context)) lacks \"\(key.stringValue)\""
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) is of the wrong type: \(context.debugDescription)"
    case .dataCorrupted(let context): "\(path(context)): \(context.debugDescription)"
    @unknown default: "\(error)"
    }
  }

  private static func path(_ context: DecodingError.Context) -> String {
    context.codingPath.isEmpty ? "the file" : context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}

/// The file's form.
private struct Document: Decodable {
  struct Access: Decodable {
    var repositories: [String]
    var users: [String]?
    var groups: [String]?
    var authenticated: Bool?
    var anonymous: Bool?
    var actions: [String]
  }

  struct Quota: Decodable {
    var repositories: [String]
    var bytes: String
  }

  struct Immutable: Decodable {
    var repositories: [String]
    var tags: [String]?
  }

  struct Retention: Decodable {
    var repositories: [String]
    var keepLast: Int?
    var keepMatching: [String]?
    var olderThan: String?
    var notPulledFor: String?
    var untaggedAfter: String?
  }

  var access: [Access]?
  var groups: [String: [String]]?
  var quotas: [Quota]?
  var immutableTags: [Immutable]?
  var retention: [Retention]?
}

/// The members that the file may have, by where they are; groups have names of their own.
private enum Members {
  static let known: [String: Set<String>] = [
    "": ["access", "groups", "quotas", "immutableTags", "retention"],
    "access": ["repositories", "users", "groups", "authenticated", "anonymous", "actions"],
    "quotas": ["repositories", "bytes"],
    "immutableTags": ["repositories", "tags"],
    "retention": ["repositories", "keepLast", "keepMatching", "olderThan", "notPulledFor", "untaggedAfter"],
  ]

  /// Throws `invalidArgument` for a member that is not known.
  static func check(_ bytes: [UInt8]) throws {
    let root = try JSONDecoder().decode([String: Loose].self, from: Data(bytes))
    try check(Set(root.keys), in: "")
    for (section, value) in root {
      for entry in value.entries { try check(entry, in: section) }
    }
  }

  private static func check(_ names: Set<String>, in section: String) throws(HullError) {
    guard let allowed = known[section], let name = names.subtracting(allowed).min() else { return }
    throw HullError(
      .invalidArgument, "unknown member \(quoted(name))\(section.isEmpty ? "" : " in \(section)"): use \(allowed.sorted().joined(separator: ", "))")
  }

  /// A list of objects, of which only the names of members are read.
  private struct Loose: Decodable {
    let entries: [Set<String>]

    init(from decoder: any Decoder) throws {
      guard var list = try? decoder.unkeyedContainer() else {
        entries = []
        return
      }
      var found: [Set<String>] = []
      while !list.isAtEnd { found.append(Set(try list.nestedContainer(keyedBy: AnyName.self).allKeys.map(\.stringValue))) }
      entries = found
    }
  }

  private struct AnyName: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
