// SPDX-License-Identifier: Apache-2.0

/// Parser directives (Dockerfile reference, "Parser directives"): comments `# key=value` before anything else in the file.
struct DirectiveReader {
  private(set) var directives = Directives()
  private var seen: Set<String> = []
  private var isDone = false
  private var isFirstLine = true

  var escape: UInt8 { directives.escape == "`" ? UInt8(ascii: "`") : UInt8(ascii: "\\") }

  /// - Parameter line: without blanks before it and its end.
  /// - Returns: whether the line was a directive.
  mutating func read(_ line: ArraySlice<UInt8>) throws(Complaint) -> Bool {
    if isDone { return false }
    defer { isFirstLine = false }
    if isFirstLine, line.starts(with: Array("#!".utf8)) { return true }
    guard let (key, value) = DirectiveReader.split(line) else {
      isDone = true
      return false
    }
    guard seen.insert(key).inserted else { throw Complaint("only one \(key) parser directive can be used", at: key) }
    try set(key, value)
    return true
  }

  private mutating func set(_ key: String, _ value: String) throws(Complaint) {
    switch key {
    case "syntax": directives.syntax = String(value.unicodeScalars.prefix { !$0.isBlank })
    case "escape":
      guard value == "\\" || value == "`" else { throw Complaint("invalid escape token '\(value)' does not match ` or \\", at: value) }
      directives.escape = value == "`" ? "`" : "\\"
    default: directives = try CheckOptions(value).apply(to: directives)
    }
  }

  /// Key, in lower case, and value of a directive; `nil` for comments.
  private static func split(_ line: ArraySlice<UInt8>) -> (String, String)? {
    guard line.first == UInt8(ascii: "#") else { return nil }
    return split(String(decoding: line.dropFirst(), as: UTF8.self))
  }

  /// The same for a comment's text.
  static func split(_ comment: String) -> (String, String)? {
    let (head, tail) = comment.cut(at: "=")
    guard let value = tail?.trimmed(), !value.isEmpty else { return nil }
    let key = head.trimmed().lowercased()
    return ["syntax", "escape", "check"].contains(key) ? (key, value) : nil
  }
}

/// `skip=A,B;error=true;experimental=all`
struct CheckOptions {
  var skipped: [String] = []
  var experimental: [String] = []
  var isError: Bool?

  init(_ text: String) throws(Complaint) {
    for part in text.split(separator: ";") {
      let (key, value) = String(part).cut(at: "=")
      guard let value else {
        if part.allSatisfy({ $0 == " " || $0 == "\t" }) { continue }
        throw Complaint("invalid check option \(String(part).trimmed().quoted)", at: String(part).trimmed())
      }
      try set(key.trimmed(), value)
    }
  }

  func apply(to directives: Directives) -> Directives {
    var directives = directives
    directives.skippedChecks += skipped
    directives.experimentalChecks += experimental
    directives.checksAreErrors = isError ?? directives.checksAreErrors
    return directives
  }

  private mutating func set(_ key: String, _ value: String) throws(Complaint) {
    switch key {
    case "skip": skipped = CheckOptions.names(value)
    case "experimental": experimental = CheckOptions.names(value)
    case "error":
      guard let flag = GoText.boolean(value.trimmed()) else { throw Complaint("failed to parse check option \("error=\(value)".quoted)", at: value) }
      isError = flag
    default:
      let hint = Suggestion.hint(for: key, in: ["skip", "error", "experimental"])
      throw Complaint("invalid check option \(key.quoted)\(hint)", at: key)
    }
  }

  /// What stands behind a name after a blank is a remark.
  private static func names(_ value: String) -> [String] {
    value.split(separator: ",").compactMap { String($0).trimmed().split(separator: " ").first.map(String.init) }
  }
}
