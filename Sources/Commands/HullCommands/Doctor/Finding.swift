// SPDX-License-Identifier: Apache-2.0

/// One thing that was looked at.
struct Finding: Equatable {
  enum Level: String { case ok, warn, fail }

  var check: String
  var level: Level
  /// What was found.
  var found: String
  /// What that means for Hull; empty when all is well.
  var meaning = ""
  /// The command that mends it; empty when there is none.
  var fix = ""

  static func ok(_ check: String, _ found: String) -> Finding { Finding(check: check, level: .ok, found: found) }
  static func warn(_ check: String, _ found: String, _ meaning: String, fix: String = "") -> Finding {
    Finding(check: check, level: .warn, found: found, meaning: meaning, fix: fix)
  }
  static func fail(_ check: String, _ found: String, _ meaning: String, fix: String = "") -> Finding {
    Finding(check: check, level: .fail, found: found, meaning: meaning, fix: fix)
  }

  var json: JSON {
    ["check": .string(check), "level": .string(level.rawValue), "found": .string(found), "meaning": .string(meaning), "fix": .string(fix)]
  }
}
