// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// A tree in which everything has one time.
struct TimedTree: FileTree {
  let tree: any FileTree
  /// Nanoseconds since 1970.
  let modified: Int64

  func node(_ path: String) throws(HullError) -> TreeNode? {
    guard var node = try tree.node(path) else { return nil }
    node.modified = modified
    return node
  }

  func names(in directory: String) throws(HullError) -> [String] { try tree.names(in: directory) }
  func digest(_ path: String) throws(HullError) -> Digest { try tree.digest(path) }
  func source(_ path: String) throws(HullError) -> any ByteSource { try tree.source(path) }
}
