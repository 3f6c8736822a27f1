// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// What lies in a directory of a tree, as a tree.
struct PartOfTree: FileTree {
  private let tree: any FileTree
  private let directory: String

  /// Throws `invalidArgument` when there is no such directory. Blocking.
  /// - Parameter path: links in it are followed within the tree.
  init(_ tree: any FileTree, _ path: String) throws(HullError) {
    (self.tree, directory) = (tree, try TreePaths.resolve(path, in: tree))
    guard try tree.node(directory)?.kind == .directory else {
      throw HullError(.invalidArgument, "build context: there is no directory \(quoted(path))")
    }
  }

  private func whole(_ path: String) -> String { TreePaths.join(directory, path) }

  func node(_ path: String) throws(HullError) -> TreeNode? { try tree.node(whole(path)) }
  func names(in directory: String) throws(HullError) -> [String] { try tree.names(in: whole(directory)) }
  func digest(_ path: String) throws(HullError) -> Digest { try tree.digest(whole(path)) }
  func source(_ path: String) throws(HullError) -> any ByteSource { try tree.source(whole(path)) }
}
