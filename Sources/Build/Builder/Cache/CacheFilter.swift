// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Chooses records of the build cache, in the words of BuildKit's clients: `type==regular,shared`, all of which must hold.
package struct CacheFilter: Sendable, Hashable {
  private enum Comparison: Hashable {
    /// The field has a value, or is true.
    case present
    case equals(String)
    case differs(String)
    /// A regular expression.
    case matches(String)
  }

  private struct Condition: Hashable {
    var field: String
    var comparison: Comparison
  }

  /// What can be asked about.
  private static let texts: Set = ["id", "parent", "parents", "description", "type"]
  private static let truths: Set = ["inuse", "mutable", "immutable", "shared", "private"]

  private var conditions: [Condition] = []

  /// Reads conditions with commas between them. Throws `invalidArgument`.
  package init(_ text: String) throws(HullError) {
    for part in Self.parts(text) {
      let name = part.prefix { !"=!~".contains($0) }
      let rest = part[name.endIndex...]
      var comparison = Comparison.present
      for (mark, make) in [("==", Comparison.equals), ("!=", Comparison.differs), ("~=", Comparison.matches), ("=", Comparison.equals)]
      where rest.hasPrefix(mark) {
        comparison = make(Self.unquoted(rest.dropFirst(mark.count)))
        break
      }
      guard rest.isEmpty || comparison != .present else {
        throw HullError(.invalidArgument, "invalid filter \(quoted(String(part))): use key==value")
      }
      try add(String(name), comparison)
    }
  }

  /// The field has one of some values, as Docker's API asks; an ID may be a part of one.
  package init(_ field: String, among values: [String]) throws(HullError) {
    guard values.count <= 1 else { throw HullError(.invalidArgument, "filters expect only one value: \(field) has \(values.count)") }
    try add(field, values.first.map { field == "id" ? .matches($0) : .equals($0) } ?? .present)
  }

  package func matches(_ record: CacheRecord) -> Bool { conditions.allSatisfy { Self.holds($0, record) } }

  private mutating func add(_ field: String, _ comparison: Comparison) throws(HullError) {
    guard Self.texts.contains(field) || Self.truths.contains(field) else {
      let known = Self.texts.union(Self.truths).sorted().joined(separator: ", ")
      throw HullError(.invalidArgument, "invalid filter \(quoted(field)): use \(known), until or unused-for")
    }
    if case .matches(let pattern) = comparison, (try? Regex(pattern)) == nil {
      throw HullError(.invalidArgument, "invalid filter \(field): \(quoted(pattern)) is not a regular expression")
    }
    if Self.truths.contains(field) {
      switch comparison {
      case .equals(let text), .differs(let text):
        guard Self.truth(text) != nil else { throw HullError(.invalidArgument, "invalid filter \(field)=\(text): use true or false") }
      case .present: break
      case .matches: throw HullError(.invalidArgument, "invalid filter \(field): use true or false")
      }
    }
    conditions.append(Condition(field: field, comparison: comparison))
  }

  // MARK: Words

  /// Commas within double quotes part nothing.
  private static func parts(_ text: String) -> [Substring] {
    var isQuoted = false
    return text.split { character in
      if character == "\"" { isQuoted.toggle() }
      return character == "," && !isQuoted
    }
  }

  private static func unquoted(_ text: Substring) -> String {
    text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : String(text)
  }

  private static func truth(_ text: String) -> Bool? {
    switch text.lowercased() {
    case "1", "t", "true", "": true
    case "0", "f", "false": false
    default: nil
    }
  }

  // MARK: Records

  private static func holds(_ condition: Condition, _ record: CacheRecord) -> Bool {
    guard texts.contains(condition.field) else { return holds(condition.comparison, fact(condition.field, record)) }
    let value = text(condition.field, record)
    switch condition.comparison {
    case .present: return !value.isEmpty
    case .equals(let wanted): return value == wanted
    case .differs(let unwanted): return value != unwanted
    case .matches(let pattern): return (try? Regex(pattern)).map { value.contains($0) } ?? false
    }
  }

  private static func holds(_ comparison: Comparison, _ fact: Bool) -> Bool {
    switch comparison {
    case .equals(let text): fact == truth(text)
    case .differs(let text): fact != truth(text)
    case .present, .matches: fact
    }
  }

  private static func text(_ field: String, _ record: CacheRecord) -> String {
    switch field {
    case "id": record.id
    case "parent", "parents": record.parent
    case "description": record.description
    default: record.kind.rawValue
    }
  }

  private static func fact(_ field: String, _ record: CacheRecord) -> Bool {
    switch field {
    case "inuse": record.inUse
    case "mutable": record.isMutable
    case "immutable": !record.isMutable
    case "shared": record.shared
    default: !record.shared
    }
  }
}
