// SPDX-License-Identifier: Apache-2.0
import Errors

/// Copies the files of a directory into one file, as the files of a commit: owned by root, with two kinds of modes and one time.
struct TreePacking {
  /// Nanoseconds since 1970.
  let modified: Int64
  let leavesOutGit: Bool

  func pack(_ tree: any FileTree, _ top: String, keptIn directory: String) throws(HullError) -> TreePack {
    let writer = TreePackWriter(directory: directory)
    var pending = [""]
    while let path = pending.popLast() {
      for name in try tree.names(in: TreePaths.join(top, path)) where !(leavesOutGit && name == ".git") {
        let inner = TreePaths.join(path, name)
        guard let node = try tree.node(TreePaths.join(top, inner)) else { continue }
        try add(tree, TreePaths.join(top, inner), node, as: inner, to: writer)
        if node.kind == .directory { pending.append(inner) }
      }
    }
    return try writer.finish()
  }

  private func add(_ tree: any FileTree, _ source: String, _ node: TreeNode, as path: String, to writer: TreePackWriter) throws(HullError) {
    var plain = TreeNode(kind: node.kind, mode: node.kind == .directory || node.mode & 0o100 != 0 ? 0o755 : 0o644)
    plain.modified = modified
    plain.link = node.link
    if node.kind == .symbolicLink { plain.mode = 0o777 }
    guard node.kind == .regular else { return try writer.add(path, plain) }
    writer.begin(path, plain)
    try tree.read(source) { bytes throws(HullError) in try writer.write(bytes) }
    try writer.end()
  }
}
