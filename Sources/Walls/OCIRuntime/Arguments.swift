// SPDX-License-Identifier: Apache-2.0
import Errors

/// One option of a command.
struct Flag: Sendable {
  /// Without dashes, the long one first.
  let names: [String]
  let takesValue: Bool
  let help: String

  /// An option with a value, which may be given several times.
  static func value(_ names: String..., help: String) -> Flag { Flag(names: names, takesValue: true, help: help) }
  /// On or off: `--flag`, `--flag=false`.
  static func toggle(_ names: String..., help: String) -> Flag { Flag(names: names, takesValue: false, help: help) }

  var name: String { names[0] }
}

/// A command line taken apart in the manner of Go's programs: one dash or two, `--name value` or `--name=value`, `--` ends the options.
struct Arguments: Sendable {
  private var values: [String: [String]] = [:]
  private(set) var positional: [String] = []

  /// - Parameter untilPositional: options end at the first other argument, since those that follow belong to somebody else.
  init(_ words: [String], flags: [Flag], untilPositional: Bool) throws(HullError) {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        positional += rest
        return
      }
      guard word.hasPrefix("-"), word != "-" else {
        positional.append(word)
        if untilPositional {
          positional += rest
          return
        }
        continue
      }
      try take(option: word, from: &rest, flags: flags)
    }
  }

  private mutating func take(option word: String, from rest: inout ArraySlice<String>, flags: [Flag]) throws(HullError) {
    let body = word.hasPrefix("--") ? word.dropFirst(2) : word.dropFirst()
    let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let flag = flags.first(where: { $0.names.contains(parts[0]) }) else {
      throw HullError(.invalidArgument, "flag provided but not defined: -\(parts[0])")
    }
    if flag.takesValue {
      guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
        throw HullError(.invalidArgument, "flag needs an argument: -\(parts[0])")
      }
      values[flag.name, default: []].append(value)
    } else {
      let value = parts.count > 1 ? parts[1] : "true"
      guard ["true", "false", "1", "0", "t", "f"].contains(value.lowercased()) else {
        throw HullError(.invalidArgument, "invalid boolean value \"\(value)\" for -\(parts[0])")
      }
      values[flag.name] = [["true", "1", "t"].contains(value.lowercased()) ? "true" : "false"]
    }
  }

  func all(_ name: String) -> [String] { values[name] ?? [] }
  func value(_ name: String) -> String? { values[name]?.last.flatMap { $0.isEmpty ? nil : $0 } }
  func has(_ name: String) -> Bool { values[name]?.last == "true" }
  func isGiven(_ name: String) -> Bool { values[name] != nil }

  func integer<T: FixedWidthInteger>(_ name: String, as type: T.Type = T.self) throws(HullError) -> T? {
    guard let text = value(name) else { return nil }
    guard let number = T(text) else { throw HullError(.invalidArgument, "invalid value for \(name): \"\(text)\" is not a number in range") }
    return number
  }
}
