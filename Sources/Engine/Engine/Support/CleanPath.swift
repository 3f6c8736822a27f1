// SPDX-License-Identifier: Apache-2.0

/// Lexical work on slash-separated paths, as Go's package path does it.
enum CleanPath {
  /// The shortest equivalent path: no `.`, no `//`, `..` taken back where possible. `""` is `.`.
  static func clean(_ path: String) -> String {
    let rooted = path.hasPrefix("/")
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if let last = parts.last, last != ".." {
        parts.removeLast()
      } else if !rooted {
        parts.append(part)
      }
    }
    let joined = parts.joined(separator: "/")
    if rooted { return "/" + joined }
    return joined.isEmpty ? "." : joined
  }

  /// The last part; `/` for the root, `.` for nothing.
  static func base(_ path: String) -> String {
    guard let last = path.split(separator: "/").last else { return path.isEmpty ? "." : "/" }
    return String(last)
  }

  /// Whether `path` is `directory` or lies below it; both clean.
  static func contains(_ directory: String, _ path: String) -> Bool {
    directory == "/" || path == directory || path.hasPrefix(directory + "/")
  }
}
