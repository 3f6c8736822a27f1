// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// Several trees in one place: a later one covers what has the same path in an earlier one.
struct MergedTree: FileTree {
  private let trees: [any FileTree]

  init(_ trees: [any FileTree]) { self.trees = trees.reversed() }

  func node(_ path: String) throws(HullError) -> TreeNode? {
    for tree in trees { if let node = try tree.node(path) { return node } }
    return nil
  }

  func names(in directory: String) throws(HullError) -> [String] {
    var names: Set<String> = []
    for tree in trees where try tree.node(directory)?.kind == .directory { names.formUnion(try tree.names(in: directory)) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func digest(_ path: String) throws(HullError) -> Digest { try tree(with: path).digest(path) }

  func source(_ path: String) throws(HullError) -> any ByteSource { try tree(with: path).source(path) }

  private func tree(with path: String) throws(HullError) -> any FileTree {
    for tree in trees where try tree.node(path) != nil { return tree }
    throw HullError(.notFound, "\(quoted(path)) is not there")
  }
}
