// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors

/// Finds the paths of a tree that match a pattern, in order. Blocking.
struct PatternSearch {
  private let pattern: FilePattern
  private let tree: any FileTree

  init(_ pattern: FilePattern, _ tree: any FileTree) { (self.pattern, self.tree) = (pattern, tree) }

  func found() throws(HullError) -> [String] {
    var found: [String] = []
    try search(TreePaths.clean(pattern.fixedDirectory), &found)
    return found
  }

  private func search(_ directory: String, _ found: inout [String]) throws(HullError) {
    guard try tree.node(directory)?.kind == .directory else { return }
    for name in try tree.names(in: directory) {
      let path = TreePaths.join(directory, name)
      if pattern.matches(path) { found.append(path) } else if pattern.mayMatchBelow(path) { try search(path, &found) }
    }
  }
}
