// SPDX-License-Identifier: Apache-2.0

/// The flags of an instruction, checked against those it may have.
struct Flags {
  enum Kind { case text, texts, boolean }

  private var values: [String: [String]] = [:]

  /// - Throws: for unknown, repeated and valueless flags.
  init(_ written: [String], allowed: [String: Kind] = [:]) throws(Complaint) {
    for flag in written {
      let (name, value) = flag.cut(at: "=")
      let key = String(name.dropFirst(2))
      guard let kind = allowed[key] else {
        throw Complaint("unknown flag: \(name)\(Suggestion.hint(for: key, in: Array(allowed.keys)))", at: name)
      }
      guard kind == .texts || values[key] == nil else { throw Complaint("duplicate flag specified: \(name)", at: name) }
      values[key, default: []].append(try Flags.checked(name, value, kind))
    }
  }

  private static func checked(_ name: String, _ value: String?, _ kind: Kind) throws(Complaint) -> String {
    guard kind == .boolean else {
      guard let value else { throw Complaint("missing a value on flag: \(name)", at: name) }
      return value
    }
    switch value?.lowercased() {
    case nil, "true": return "true"
    case "false": return "false"
    case "": throw Complaint("missing a value on flag: \(name)", at: name)
    default: throw Complaint("expecting boolean value for flag \(name), not: \(value ?? "")", at: name)
    }
  }

  /// `nil` when it was not given, and when it was given empty.
  func text(_ name: String) -> String? { values[name]?.last.flatMap { $0.isEmpty ? nil : $0 } }

  func texts(_ name: String) -> [String] { values[name] ?? [] }

  func boolean(_ name: String) -> Bool? { values[name]?.last.map { $0 == "true" } }
}
