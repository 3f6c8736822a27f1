// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// A tree that is known by more than its files.
struct IdentifiedTree: FileTree {
  let tree: any FileTree
  /// The commit or digest that it is at.
  let identity: String

  func node(_ path: String) throws(HullError) -> TreeNode? { try tree.node(path) }
  func names(in directory: String) throws(HullError) -> [String] { try tree.names(in: directory) }
  func digest(_ path: String) throws(HullError) -> Digest { try tree.digest(path) }
  func source(_ path: String) throws(HullError) -> any ByteSource { try tree.source(path) }
}
