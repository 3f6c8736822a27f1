// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec

/// Receives a tree's files, in any order, into one file: no file of the tree becomes a file of the host.
///
/// For one thread at a time. `finish()` gives the tree; without it everything is gone with this value.
package final class TreePackWriter: ByteSink, @unchecked Sendable {
  // One thread at a time uses it, as said above; it is handed from thread to thread.
  private let bytes: PackedBytesWriter
  private var index = PackedIndex()
  private var open: (path: String, node: TreeNode)?

  /// - Parameter directory: on whose file system the bytes lie, in a file without a name; few are kept in memory.
  package init(directory: String) { bytes = PackedBytesWriter(directory: directory) }

  /// Adds a file that is no regular one, or an empty regular one. A later entry of the same path replaces an earlier one.
  package func add(_ path: String, _ node: TreeNode) throws(HullError) {
    try index.put(path, node, node.kind == .regular ? .empty : nil)
  }

  /// Begins a regular file; its bytes follow by `write`, then `end`.
  package func begin(_ path: String, _ node: TreeNode) { open = (path, node) }

  /// Some of the file's bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { try self.bytes.write(bytes) }

  /// Ends the file.
  /// - Parameter modified: nanoseconds since 1970, where they were not known before.
  package func end(modified: Int64? = nil) throws(HullError) {
    guard let open else { return }
    self.open = nil
    var node = open.node
    if let modified { node.modified = modified }
    try index.put(open.path, node, bytes.end())
  }

  /// The same file under another path.
  package func link(_ path: String, to target: String) throws(HullError) {
    guard let number = index.number(target), var node = index.node(target) else {
      throw HullError(.invalidArgument, "build context: \(quoted(path)) is a link to \(quoted(target)), which is not there")
    }
    guard node.kind == .regular else {
      try index.put(path, node)
      return
    }
    guard path != target else { return }
    let stretch = try index.stretch(target).stretch
    if node.inode == nil {
      node.inode = TreeNode.Inode(device: 0, number: UInt64(number))
      try index.put(target, node, stretch)
    }
    try index.put(path, node, stretch)
  }

  /// The tree. Directories that were left out are there, with mode 0755.
  package func finish() throws(HullError) -> TreePack {
    index.complete()
    return TreePack(index, try bytes.finish())
  }
}

/// A tree in one file, with an index in memory.
package final class TreePack: FileTree {
  /// A directory in which nothing is.
  static let empty = TreePack(PackedIndex(), nil)

  private let index: PackedIndex
  private let bytes: PackedBytes?

  init(_ index: PackedIndex, _ bytes: PackedBytes?) { (self.index, self.bytes) = (index, bytes) }

  package func node(_ path: String) -> TreeNode? { index.node(path) }

  /// How many files it has, directories among them.
  var count: Int { index.count }

  /// It is there only because something below it is: an archive need not name every directory.
  func isImplied(_ path: String) -> Bool { index.isImplied(path) }

  package func names(in directory: String) -> [String] { index.names(in: directory) }

  package func digest(_ path: String) throws(HullError) -> Digest { try index.stretch(path).stretch.sum.digest }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    let stretch = try index.stretch(path).stretch
    return bytes?.source(stretch.offset, stretch.size) ?? PrefixedSource([])
  }

  /// The same bytes, of the files that are selected.
  package func selecting(_ selection: ContextSelection) throws(HullError) -> TreePack {
    let ignored = try IgnorePatterns(selection.excludes)
    guard !ignored.isEmpty || !selection.includes.isEmpty else { return self }
    let included = selection.includes.map(TreePaths.clean)
    func isIncluded(_ path: String) -> Bool { included.isEmpty || included.contains { path == $0 || path.hasPrefix($0 + "/") } }
    let selected = try index.filtered { $0.isEmpty || (isIncluded($0) && !ignored.excludes($0)) ? $0 : nil }
    return TreePack(selected, bytes)
  }

  /// What lies in a directory of the tree, as a tree.
  package func below(_ directory: String) throws(HullError) -> TreePack {
    guard node(directory)?.kind == .directory else {
      throw HullError(.invalidArgument, "build context: there is no directory \(quoted(directory))")
    }
    guard !directory.isEmpty else { return self }
    let inner = try index.filtered { $0.hasPrefix(directory + "/") ? String($0.dropFirst(directory.count + 1)) : nil }
    return TreePack(inner, bytes)
  }
}
