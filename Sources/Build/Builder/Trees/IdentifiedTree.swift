// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// A tree that is known by more than its files.
struct IdentifiedTree: FileTree {
  let tree: any FileTree
  /// The commit or digest that it is at.
  let identity: String
  /// Seconds since 1970: the commit's time, or when the files were changed; `nil`: not known.
  var modified: Int64?

  func node(_ path: String) throws(HullError) -> TreeNode? { try tree.node(path) }
  func names(in directory: String) throws(HullError) -> [String] { try tree.names(in: directory) }
  func digest(_ path: String) throws(HullError) -> Digest { try tree.digest(path) }
  func source(_ path: String) throws(HullError) -> any ByteSource { try tree.source(path) }
}
