// SPDX-License-Identifier: Apache-2.0

/// Paths as Go's `path/filepath` treats them on Linux.
enum GoPath {
  /// `filepath.Clean`: the shortest path that means the same, without looking at any file system.
  static func clean(_ path: String) -> String {
    let isRooted = path.utf8.first == UInt8(ascii: "/")
    var parts: [Substring.UTF8View] = []
    for part in path.utf8.split(separator: UInt8(ascii: "/")) {
      if part.elementsEqual(".".utf8) { continue }
      guard part.elementsEqual("..".utf8) else {
        parts.append(part)
        continue
      }
      if let last = parts.last, !last.elementsEqual("..".utf8) {
        parts.removeLast()
      } else if !isRooted {
        parts.append(part)
      }
    }
    let joined = parts.map { String(Substring($0)) }.joined(separator: "/")
    if isRooted { return "/" + joined }
    return joined.isEmpty ? "." : joined
  }
}
