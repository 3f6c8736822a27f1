// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Errors
import OCISpec

/// A client's context, of which only those files were sent that have changed since the client last built: the bytes lie in several packs.
package final class SyncedTree: FileTree {
  struct Stored: Sendable {
    var node: TreeNode
    /// Of a regular file: which pack has its bytes, under its own path.
    var pack: Int
    var digest: Digest?
    var listed: ListedFile
    /// It was changed so shortly before it was listed that a later change might not show.
    var isFresh = false
  }

  /// The whole listing's digest: the same listing stands for the same tree.
  let listing: Digest
  let packs: [TreePack]
  private let nodes: [String: Stored]
  private let children: [String: [String]]
  /// Some file is: the same listing then does not stand for the same tree.
  let isFresh: Bool

  /// - Parameters:
  ///   - files: everything that is in the context.
  ///   - received: those of the last pack.
  ///   - listedAt: by the client's clock, nanoseconds since 1970.
  init(listing: Digest, files: [ListedFile], received: Set<String>, packs: [TreePack], earlier: SyncedTree?, listedAt: Int64) throws(HullError) {
    self.listing = listing
    self.packs = packs
    var nodes: [String: Stored] = [:]
    nodes.reserveCapacity(files.count)
    var isFresh = false
    for file in files {
      var stored = Stored(node: TreeNode(file), pack: packs.count - 1, digest: nil, listed: file)
      if file.kind == .regular {
        if received.contains(file.path), let last = packs.last {
          // What was sent counts, not what was listed: the file may have changed in between.
          stored.node.size = last.node(file.path)?.size ?? 0
          stored.digest = try last.digest(file.path)
        } else if let old = earlier?.nodes[file.path], let digest = old.digest {
          (stored.pack, stored.digest, stored.node.size) = (old.pack, digest, old.node.size)
        }
        stored.isFresh = file.changed > listedAt - SyncedTree.uncertainty
        isFresh = isFresh || stored.isFresh
      }
      nodes[file.path] = stored
    }
    self.isFresh = isFresh
    (self.nodes, children) = SyncedTree.complete(nodes)
  }

  /// Nanoseconds: the kernel's clock for files moves in steps of some milliseconds, other file systems' in seconds.
  static let uncertainty: Int64 = 1_000_000_000

  /// The regular files, by their number in the listing, whose bytes are not here.
  static func missing(_ files: [ListedFile], since earlier: SyncedTree?) -> [Int] {
    files.indices.filter { index in
      let file = files[index]
      guard file.kind == .regular else { return false }
      guard let old = earlier?.nodes[file.path], old.digest != nil else { return true }
      return old.listed != file || old.isFresh
    }
  }

  /// How many files it has.
  var count: Int { nodes.count }

  package func node(_ path: String) -> TreeNode? { nodes[path]?.node }

  package func names(in directory: String) -> [String] { children[directory] ?? [] }

  package func digest(_ path: String) throws(HullError) -> Digest {
    guard let digest = nodes[path]?.digest else { throw HullError(.notFound, "build context: \(quoted(path)) is not a file") }
    return digest
  }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    guard let stored = nodes[path], stored.digest != nil else { throw HullError(.notFound, "build context: \(quoted(path)) is not a file") }
    return try packs[stored.pack].source(path)
  }

  private static func complete(_ given: [String: Stored]) -> ([String: Stored], [String: [String]]) {
    var nodes = given
    var children: [String: [String]] = [:]
    func directory(_ path: String) -> Stored {
      Stored(node: TreeNode(kind: .directory, mode: 0o755), pack: 0, digest: nil, listed: ListedFile(kind: .directory, path: path, mode: 0o755))
    }
    nodes[""] = directory("")
    for path in given.keys {
      var path = path
      while true {
        let (parent, name) = TreePaths.split(path)
        children[parent, default: []].append(name)
        if nodes[parent] != nil { break }
        nodes[parent] = directory(parent)
        path = parent
      }
    }
    for directory in children.keys { children[directory]?.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    return (nodes, children)
  }
}

extension TreeNode {
  fileprivate init(_ file: ListedFile) {
    let kind: Kind =
      switch file.kind {
      case .regular: .regular
      case .directory: .directory
      case .symbolicLink: .symbolicLink
      case .fifo: .fifo
      }
    self.init(kind: kind, mode: file.mode)
    size = kind == .regular ? file.size : 0
    modified = file.modified
    link = file.link
    if !file.capability.isEmpty { attributes = [TarEntry.Attribute(name: Array("security.capability".utf8), value: file.capability)] }
  }
}
