// SPDX-License-Identifier: Apache-2.0
import Errors

/// One line of comma-separated values with quotes (RFC 4180).
enum CSV {
  static func fields(_ line: String) throws(HullError) -> [String] {
    var fields = [""]
    var quoted = false
    var rest = line[...]
    while let character = rest.popFirst() {
      switch (character, quoted) {
      case ("\"", true) where rest.first == "\"":
        rest.removeFirst()
        fields[fields.count - 1].append("\"")
      case ("\"", true): quoted = false
      case ("\"", false) where fields.last?.isEmpty == true: quoted = true
      case ("\"", false): throw HullError(.invalidArgument, "bare \" in non-quoted field: \(line)")
      case (",", false): fields.append("")
      default: fields[fields.count - 1].append(character)
      }
    }
    if quoted { throw HullError(.invalidArgument, "missing \" in quoted field: \(line)") }
    return fields
  }
}
