// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors

/// Writes a tree as an archive, in the order of names.
package struct TreeTar {
  private let tree: any FileTree

  package init(_ tree: any FileTree) { self.tree = tree }

  /// Blocking.
  package func write(to sink: any ByteSink) throws(HullError) {
    let buffered = BufferedSink(sink)
    let writer = TarWriter(buffered)
    var (pending, links) = ([""], HardLinks<TreeNode.Inode>())
    while let directory = pending.popLast() {
      for name in try tree.names(in: directory) {
        let path = TreePaths.join(directory, name)
        guard let node = try tree.node(path) else { continue }
        let first = node.inode.flatMap { links.first($0, at: path) }
        try Self.add(path, node, of: tree, linked: first, to: writer)
        if node.kind == .directory { pending.append(path) }
      }
    }
    try writer.finish()
    try buffered.flush()
  }

  /// Writes one file of a tree.
  /// - Parameter first: the name under which the file is in the archive already.
  static func add(
    _ path: String, _ node: TreeNode, of tree: any FileTree, linked first: String? = nil, to writer: TarWriter
  ) throws(HullError) {
    var entry = TarEntry(kind: kind(node), path: Array(path.utf8), mode: node.mode)
    (entry.uid, entry.gid, entry.size) = (node.uid, node.gid, node.size)
    let second: Int64 = 1_000_000_000
    let seconds = node.modified >= 0 ? node.modified / second : (node.modified - second + 1) / second
    entry.modified = TarEntry.Time(seconds: seconds, nanoseconds: node.modified - seconds * second)
    (entry.major, entry.minor, entry.attributes, entry.link) = (node.device.major, node.device.minor, node.attributes, Array(node.link.utf8))
    if let first { (entry.kind, entry.link, entry.size) = (.hardLink, Array(first.utf8), 0) }
    try writer.begin(entry)
    if first != nil { return }
    if node.kind == .regular { try tree.read(path) { bytes throws(HullError) in try writer.write(bytes) } }
  }

  private static func kind(_ node: TreeNode) -> TarEntry.Kind {
    switch node.kind {
    case .regular: .regular
    case .directory: .directory
    case .symbolicLink: .symbolicLink
    case .characterDevice: .characterDevice
    case .blockDevice: .blockDevice
    case .fifo: .fifo
    }
  }
}
