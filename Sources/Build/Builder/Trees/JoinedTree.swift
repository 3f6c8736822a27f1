// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// Several trees, each in a directory of its own.
struct JoinedTree: FileTree {
  private let trees: [String: any FileTree]

  init(_ trees: [String: any FileTree]) { self.trees = trees }

  func node(_ path: String) throws(HullError) -> TreeNode? {
    if path.isEmpty { return TreeNode(kind: .directory, mode: 0o755) }
    let (tree, rest) = part(path)
    var node = try tree?.node(rest)
    // What two trees have is not one file.
    if node?.inode != nil { node?.inode = nil }
    return node
  }

  func names(in directory: String) throws(HullError) -> [String] {
    if directory.isEmpty { return trees.keys.sorted() }
    let (tree, rest) = part(directory)
    return try tree?.names(in: rest) ?? []
  }

  func digest(_ path: String) throws(HullError) -> Digest { try found(path).digest(part(path).1) }

  func source(_ path: String) throws(HullError) -> any ByteSource { try found(path).source(part(path).1) }

  private func found(_ path: String) throws(HullError) -> any FileTree {
    guard let tree = part(path).0 else { throw HullError(.notFound, "\(quoted(path)) is not there") }
    return tree
  }

  private func part(_ path: String) -> ((any FileTree)?, String) {
    let first = path.prefix { $0 != "/" }
    return (trees[String(first)], String(path.dropFirst(first.count + 1)))
  }
}
