// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Errors
import OCISpec

/// A client's context, of which only those files were sent that have changed since the client last built: the bytes lie in several packs.
package final class SyncedTree: FileTree {
  /// What tells that a file is still the same, beside what its node has.
  private struct Fact {
    var size: Int64 = -1
    var changed: Int64 = 0
    var inode: UInt64 = 0
    /// It was changed so shortly before it was listed that a later change might not show.
    var isFresh = false
  }

  /// The whole listing's digest: the same listing stands for the same tree.
  let listing: Digest
  let packs: [PackedBytes]
  private let index: PackedIndex
  /// By number in the index.
  private let facts: [Fact]
  /// Some file is: the same listing then does not stand for the same tree.
  let isFresh: Bool

  /// - Parameters:
  ///   - received: bytes in the last pack, by number in the listing.
  ///   - vanished: numbers of files that are no longer there.
  ///   - listedAt: by the client's clock, nanoseconds since 1970.
  init(
    _ list: ContextListing, received: [PackedBytes.Stretch?], vanished: Set<Int>, packs: [PackedBytes], earlier: SyncedTree?, listedAt: Int64
  ) throws(HullError) {
    listing = list.digest
    self.packs = packs
    var index = PackedIndex()
    var facts: [Fact] = []
    var isFresh = false
    for number in 0..<list.count where !vanished.contains(number) {
      let file = list[number]
      var fact = Fact(size: file.size, changed: file.changed, inode: file.inode)
      let (stretch, pack) = SyncedTree.bytes(of: file, received[number], packs.count - 1, earlier)
      if file.kind == .regular {
        fact.isFresh = file.changed > listedAt - SyncedTree.uncertainty
        isFresh = isFresh || fact.isFresh
      }
      let place = try index.put(file.path, TreeNode(file), stretch, pack: pack)
      while facts.count < index.count { facts.append(Fact()) }
      facts[place] = fact
    }
    index.complete()
    (self.index, self.facts, self.isFresh) = (index, facts, isFresh)
  }

  /// What was sent counts, not what was listed: the file may have changed in between.
  private static func bytes(
    of file: ListedFile, _ received: PackedBytes.Stretch?, _ last: Int, _ earlier: SyncedTree?
  ) -> (PackedBytes.Stretch?, Int) {
    guard file.kind == .regular else { return (nil, 0) }
    if let received { return (received, last) }
    guard let old = try? earlier?.index.stretch(file.path) else { return (nil, 0) }
    return (old.stretch, old.pack)
  }

  /// Nanoseconds: the kernel's clock for files moves in steps of some milliseconds, other file systems' in seconds.
  static let uncertainty: Int64 = 1_000_000_000

  /// The regular files, by their number in the listing, whose bytes are not here.
  static func missing(_ list: ContextListing, since earlier: SyncedTree?) -> [Int] {
    (0..<list.count).filter { number in
      let file = list[number]
      return file.kind == .regular && !(earlier?.has(file) ?? false)
    }
  }

  private func has(_ file: ListedFile) -> Bool {
    guard let number = index.number(file.path), number < facts.count, let node = index.node(file.path), node.kind == .regular,
      (try? index.stretch(file.path)) != nil
    else { return false }
    let (fact, new) = (facts[number], TreeNode(file))
    return !fact.isFresh && fact.size == file.size && fact.changed == file.changed && fact.inode == file.inode && node.mode == new.mode
      && node.modified == new.modified && node.extra == new.extra
  }

  /// Bytes on the disk: those of files that have changed since are among them.
  var bytes: Int64 { packs.reduce(0) { $0 + $1.size } }

  /// How many files it has.
  var count: Int { index.count }

  package func node(_ path: String) -> TreeNode? { index.node(path) }

  package func names(in directory: String) -> [String] { index.names(in: directory) }

  package func digest(_ path: String) throws(HullError) -> Digest { try index.stretch(path).stretch.sum.digest }

  package func source(_ path: String) throws(HullError) -> any ByteSource {
    let (stretch, pack) = try index.stretch(path)
    return packs[pack].source(stretch.offset, stretch.size)
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
    if !file.link.isEmpty { link = file.link }
    if !file.capability.isEmpty { attributes = [TarEntry.Attribute(name: Array("security.capability".utf8), value: file.capability)] }
  }
}
