// SPDX-License-Identifier: Apache-2.0
import Errors

/// The `filters` query parameter: for each key the values of which one must match.
package struct Filters: Sendable, Equatable {
  package private(set) var values: [String: [String]]

  package init(_ values: [String: [String]] = [:]) { self.values = values }

  /// Parses `{"name":["a","b"]}` or the older `{"name":{"a":true}}`; an empty text has no filters.
  package init(parsing text: String) throws(HullError) {
    guard !text.isEmpty else {
      self.init()
      return
    }
    if let lists = try? DockerJSON.decode([String: [String]].self, from: text.utf8) {
      self.init(lists)
    } else if let maps = try? DockerJSON.decode([String: [String: Bool]].self, from: text.utf8) {
      self.init(maps.mapValues { $0.keys.sorted() })
    } else {
      throw HullError(.invalidArgument, "invalid filter: not a JSON map of string lists: '\(text)'")
    }
  }

  package subscript(key: String) -> [String] { values[key] ?? [] }
  package var isEmpty: Bool { values.isEmpty }

  /// The same with one value for `key`.
  package func adding(_ key: String, _ value: String) -> Filters { Filters(values.merging([key: [value]]) { _, new in new }) }

  package func contains(_ key: String) -> Bool { values[key] != nil }

  /// Throws `invalidArgument`, in Docker's words, when a key is not among those accepted.
  package func validate(accepted: Set<String>) throws(HullError) {
    for key in values.keys.sorted() where !accepted.contains(key) {
      throw HullError(.invalidArgument, "invalid filter '\(key)'")
    }
  }

  /// The one boolean value of a key. Throws `invalidArgument` when it is none or not the only one.
  package func bool(_ key: String, default fallback: Bool) throws(HullError) -> Bool {
    guard let given = values[key] else { return fallback }
    guard given.count == 1, let value = ["1": true, "true": true, "0": false, "false": false][given[0].lowercased()] else {
      throw HullError(.invalidArgument, "invalid filter '\(key)=\(given)'")
    }
    return value
  }

  /// Whether all `label` filters (`key` or `key=value`) hold. `key` names the filter, for `label!` and the like.
  package func matchLabels(_ labels: [String: String], key: String = "label") -> Bool {
    self[key].allSatisfy { wanted in
      guard let equals = wanted.firstIndex(of: "=") else { return labels[wanted] != nil }
      return labels[String(wanted[..<equals])] == String(wanted[wanted.index(after: equals)...])
    }
  }
}
