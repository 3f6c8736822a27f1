// SPDX-License-Identifier: Apache-2.0
import Errors

/// `--env-file` and `--label-file`: a `NAME=value` on each line, `#` comments, values as they stand.
enum KeyValueFiles {
  /// The files' lines, then the flags' values. A bare `NAME` in an environment file takes the client's value or is left out.
  static func read(_ files: [String], then values: [String], isEnvironment: Bool) throws -> [String] {
    var all: [String] = []
    for file in files { all += try lines(of: file, isEnvironment: isEnvironment) }
    return all + values
  }

  private static func lines(of file: String, isEnvironment: Bool) throws -> [String] {
    var text = String(decoding: try Files.read(file), as: UTF8.self)
    if text.hasPrefix("\u{FEFF}") { text.removeFirst() }
    var all: [String] = []
    for (index, raw) in Text.split(text, "\n").enumerated() {
      let line = raw.last == "\r" ? String(raw.dropLast()) : raw
      let clean = String(line.drop(while: \.isWhitespace))
      if clean.isEmpty || clean.hasPrefix("#") { continue }
      guard let (name, value) = Text.cut(clean, "=") else {
        if !isEnvironment { all.append(clean) } else if let own = Environment.value(clean) { all.append("\(clean)=\(own)") }
        continue
      }
      guard !name.isEmpty else {
        throw HullError(.invalidArgument, "poorly formatted environment: no variable name on line '\(clean)' (\(file):\(index + 1))")
      }
      guard !name.contains(where: \.isWhitespace) else {
        throw HullError(.invalidArgument, "poorly formatted environment: variable '\(name)' contains whitespaces (\(file):\(index + 1))")
      }
      all.append("\(name)=\(value)")
    }
    return all
  }

  /// Labels and options as an object; a name alone has the empty value.
  static func object(_ pairs: [String]) -> JSON {
    var object = JSONObject()
    for pair in pairs {
      let (name, value) = Text.cut(pair, "=") ?? (pair, "")
      object[name] = .string(value)
    }
    return .object(object)
  }
}
