// SPDX-License-Identifier: Apache-2.0
import Builder
import Errors
import OCISpec

/// Checks the paths that a sender announces, one by one: clean, within the tree, each after those before it, and each in a directory that has been
/// announced. A sender can neither name a file twice nor put one behind a link.
struct AnnouncedPaths {
  static let longestPath = 4096

  /// The directories above the last path, each with the last name in it; the first is the root.
  private var open: [(directory: String, last: String)] = [("", "")]

  mutating func check(_ path: String, isDirectory: Bool) throws(HullError) {
    guard Self.isClean(path) else {
      throw HullError(.invalidArgument, "build context: the client sent the path \(quoted(String(path.prefix(200)))), which leads out of it")
    }
    let (parent, name) = TreePaths.split(path)
    while open.count > 1, open[open.count - 1].directory != parent { open.removeLast() }
    let place = open.count - 1
    guard open[place].directory == parent, open[place].last.utf8.lexicographicallyPrecedes(name.utf8) else {
      throw HullError(.invalidArgument, "build context: the client sent \(quoted(path)) out of order")
    }
    open[place].last = name
    if isDirectory { open.append((path, "")) }
  }

  private static func isClean(_ path: String) -> Bool {
    guard !path.isEmpty, path.utf8.count <= longestPath, !path.utf8.contains(0) else { return false }
    return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }
}
