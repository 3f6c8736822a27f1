// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildWire
import Errors
import OCISpec

/// Receives one context from a client that lists it first and then sends what is asked for. For one thread at a time; blocking.
package final class ContextReception: @unchecked Sendable {
  // One thread at a time uses it, as said above; it is handed from the one that makes it to the one that reads.
  /// A listing of two million files with long names.
  private static let longestListing = 512 << 20
  /// As many packs as a tree may have: then everything is asked for again.
  private static let mostPacks = 12

  private let key: String
  private let store: ContextStore
  private let writer: TreePackWriter
  private var listing: [UInt8] = []
  private var files: [ListedFile] = []
  private var wanted: Set<Int> = []
  private var received: Set<String> = []
  private var listedAt: Int64 = 0
  /// The listing is whole: what follows are bytes.
  package private(set) var isListed = false
  private var isOpen = false
  /// What the listing was compared with.
  private var earlier: SyncedTree?

  /// - Parameters:
  ///   - key: names the client's directory among those that this daemon knows.
  ///   - directory: on whose file system the bytes are kept.
  package init(_ key: String, store: ContextStore, keptIn directory: String) throws(HullError) {
    self.key = key
    self.store = store
    writer = try TreePackWriter(directory: directory)
  }

  /// Some entries of the listing.
  package func list(_ bytes: [UInt8]) throws(HullError) {
    guard listing.count + bytes.count <= Self.longestListing else { throw HullError(.tooLarge, "build context: too many files") }
    listing += bytes
  }

  /// The listing is whole.
  /// - Parameter time: of the client's clock when it began, nanoseconds since 1970.
  /// - Returns: the tree, if it is here already; otherwise the numbers of the entries whose bytes are needed.
  package func listed(at time: Int64) throws(HullError) -> (tree: (any FileTree)?, wanted: [UInt32]) {
    listedAt = time
    isListed = true
    let known = store.tree(key)
    if let known, !known.isFresh, known.listing == SHA256.digest(of: listing) {
      store.keep(known, as: key)
      return (known, [])
    }
    // A tree in too many pieces is left behind, with all that has been replaced in it.
    earlier = known.flatMap { $0.packs.count < Self.mostPacks ? $0 : nil }
    files = try ListedFile.parse(listing)
    let numbers = SyncedTree.missing(files, since: earlier)
    wanted = Set(numbers)
    return (nil, numbers.map(UInt32.init))
  }

  /// The bytes that follow are those of an entry.
  package func file(_ number: Int) throws(HullError) {
    try close()
    guard wanted.remove(number) != nil else { throw HullError(.invalidArgument, "build context: file \(number) was not asked for") }
    writer.begin(files[number].path, TreeNode(kind: .regular, mode: files[number].mode))
    received.insert(files[number].path)
    isOpen = true
  }

  package func data(_ bytes: [UInt8]) throws(HullError) {
    guard isOpen else { throw HullError(.invalidArgument, "build context: bytes of no file") }
    try writer.write(bytes)
  }

  /// Everything was sent; what was not sent has vanished meanwhile.
  package func finish() throws(HullError) -> any FileTree {
    try close()
    let vanished = Set(wanted.map { files[$0].path })
    let packs = (earlier?.packs ?? []) + [try writer.finish()]
    let tree = try SyncedTree(
      listing: SHA256.digest(of: listing), files: files.filter { !vanished.contains($0.path) }, received: received, packs: packs, earlier: earlier,
      listedAt: listedAt)
    if vanished.isEmpty { store.keep(tree, as: key) }
    return tree
  }

  private func close() throws(HullError) {
    if isOpen { try writer.end() }
    isOpen = false
  }
}
