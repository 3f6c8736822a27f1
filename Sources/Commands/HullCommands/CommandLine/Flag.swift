// SPDX-License-Identifier: Apache-2.0
import Errors

/// One option of a command, with the words that help shows for it.
struct Flag: Sendable {
  enum Kind: Sendable {
    /// Needs no value; `--flag=false` turns it off.
    case bool
    /// The last value counts.
    case single
    /// Every value counts.
    case list
  }

  var name: String
  var short: Character?
  var kind: Kind
  /// What help calls the value: `string`, `list`, `bytes`, …
  var type: String
  var help: String
  var initial: String
  /// As help shows it behind the text, without the parentheses.
  var shownDefault: String?
  var hidden = false
  /// An older spelling keeps its values with those of this flag, in the order in which they were given.
  var spells: String?
  /// Refuses a value when it is read; may return it in another form.
  var check: (@Sendable (String) throws -> String)?

  /// `-n, --name`, as messages call it.
  var title: String { short.map { "-\($0), --\(name)" } ?? "--\(name)" }

  /// Not in help; `as` names the flag that this is another spelling of.
  func concealed(as name: String? = nil) -> Flag {
    var flag = self
    flag.hidden = true
    flag.spells = name
    return flag
  }
}

extension Flag {
  // Names are written `long` or `long,s`.
  private static func parts(_ name: String) -> (String, Character?) { Text.cut(name, ",").map { ($0.0, $0.1.first) } ?? (name, nil) }

  static func bool(_ name: String, _ help: String, initial: Bool = false) -> Flag {
    let (name, short) = parts(name)
    return Flag(
      name: name, short: short, kind: .bool, type: "", help: help, initial: initial ? "true" : "false", shownDefault: initial ? "true" : nil
    ) {
      guard let value = boolean($0) else { throw HullError(.invalidArgument, "strconv.ParseBool: parsing \(Text.quoted($0)): invalid syntax") }
      return value ? "true" : "false"
    }
  }

  static func string(_ name: String, _ help: String, initial: String = "") -> Flag {
    let (name, short) = parts(name)
    return Flag(
      name: name, short: short, kind: .single, type: "string", help: help, initial: initial,
      shownDefault: initial.isEmpty ? nil : Text.quoted(initial))
  }

  /// A single value of a kind of its own.
  static func value(
    _ name: String, type: String, _ help: String, initial: String = "", shown: String? = nil,
    check: (@Sendable (String) throws -> String)? = nil
  ) -> Flag {
    let (name, short) = parts(name)
    return Flag(name: name, short: short, kind: .single, type: type, help: help, initial: initial, shownDefault: shown, check: check)
  }

  static func int(_ name: String, type: String = "int", _ help: String, initial: Int = 0) -> Flag {
    value(name, type: type, help, initial: String(initial), shown: initial == 0 ? nil : String(initial)) {
      guard let number = Int($0) else { throw HullError(.invalidArgument, "strconv.ParseInt: parsing \(Text.quoted($0)): invalid syntax") }
      return String(number)
    }
  }

  /// A size with an optional unit; its value is a number of bytes.
  static func bytes(_ name: String, _ help: String) -> Flag {
    value(name, type: "bytes", help, initial: "0") { String(try Units.bytes($0)) }
  }

  /// A Go duration; its value is a number of nanoseconds.
  static func duration(_ name: String, _ help: String) -> Flag {
    value(name, type: "duration", help, initial: "0") { String(try Units.duration($0)) }
  }

  static func list(
    _ name: String, type: String = "list", _ help: String, shown: String? = nil,
    check: (@Sendable (String) throws -> String)? = nil
  ) -> Flag {
    let (name, short) = parts(name)
    return Flag(name: name, short: short, kind: .list, type: type, help: help, initial: "", shownDefault: shown, check: check)
  }

  static func filter(_ short: Character? = "f", _ help: String = "Filter output based on conditions provided") -> Flag {
    list(short.map { "filter,\($0)" } ?? "filter", type: "filter", help) {
      guard $0.isEmpty || $0.contains("=") else { throw HullError(.invalidArgument, "bad format of filter (expected name=value)") }
      return $0
    }
  }

  static func format(_ short: Character? = nil, table: Bool = true) -> Flag {
    let tableHelp = """
      'table':            Print output in table format with column headers (default)
      'table TEMPLATE':   Print output in table format using the given Go template

      """
    return string(
      short.map { "format,\($0)" } ?? "format",
      """
      Format output using a custom template:
      \(table ? tableHelp : "")'json':             Print in JSON format
      'TEMPLATE':         Print output using the given Go template
      """)
  }

  static let noTrunc = bool("no-trunc", "Don't truncate output")
  static let detachKeys = string("detach-keys", "Override the key sequence for detaching a container")

  /// Go's `strconv.ParseBool`.
  static func boolean(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }
}
