// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import OCISpec

/// Receives one context from a client that lists it first and then sends what is asked for. For one thread at a time; blocking.
package final class ContextReception: @unchecked Sendable {
  // One thread at a time uses it, as said above; it is handed from the one that makes it to the one that reads.
  /// A listing of two million files with long names.
  private static let longestListing = 512 << 20
  /// As many packs as a tree may have: then everything is asked for again.
  private static let mostPacks = 12

  private let key: ContextKey
  private let name: String
  private let store: ContextStore
  private let writer: PackedBytesWriter
  private var bytes: [UInt8] = []
  private var listing: ContextListing?
  private var wanted: Set<Int> = []
  /// By number in the listing.
  private var received: [PackedBytes.Stretch?] = []
  private var listedAt: Int64 = 0
  /// The file whose bytes come.
  private var open: Int?
  /// What the listing was compared with.
  private var earlier: SyncedTree?

  /// - Parameters:
  ///   - key: what is received.
  ///   - name: the context's name, for people.
  ///   - directory: on whose file system the bytes are kept.
  package init(_ key: ContextKey, name: String = "context", store: ContextStore, keptIn directory: String) {
    (self.key, self.name) = (key, name)
    self.store = store
    writer = PackedBytesWriter(directory: directory)
  }

  /// The listing is whole: what follows are bytes.
  package var isListed: Bool { listing != nil }

  /// Some entries of the listing.
  package func list(_ more: [UInt8]) throws(HullError) {
    guard bytes.count + more.count <= Self.longestListing else { throw HullError(.tooLarge, "build context: too many files") }
    if bytes.isEmpty { bytes = more } else { bytes += more }
  }

  /// The listing is whole.
  /// - Parameter time: of the client's clock when it began, nanoseconds since 1970.
  /// - Returns: the tree, if it is here already; otherwise the numbers of the entries whose bytes are needed.
  package func listed(at time: Int64) throws(HullError) -> (tree: (any FileTree)?, wanted: [UInt32]) {
    listedAt = time
    let list = try ContextListing(bytes)
    (listing, bytes) = (list, [])
    let known = store.tree(key)
    if let known, !known.isFresh, known.listing == list.digest {
      store.keep(known, as: key, name)
      return (known, [])
    }
    // A tree in too many pieces is left behind, with all that has been replaced in it.
    earlier = known.flatMap { $0.packs.count < Self.mostPacks ? $0 : nil }
    let numbers = SyncedTree.missing(list, since: earlier)
    wanted = Set(numbers)
    received = Array(repeating: nil, count: list.count)
    return (nil, numbers.map(UInt32.init))
  }

  /// The bytes that follow are those of an entry.
  package func file(_ number: Int) throws(HullError) {
    close()
    guard wanted.remove(number) != nil else { throw HullError(.invalidArgument, "build context: file \(number) was not asked for") }
    open = number
  }

  package func data(_ bytes: [UInt8]) throws(HullError) {
    guard open != nil else { throw HullError(.invalidArgument, "build context: bytes of no file") }
    try writer.write(bytes)
  }

  /// Everything was sent; what was not sent has vanished meanwhile.
  package func finish() throws(HullError) -> any FileTree {
    close()
    guard let listing else { throw HullError(.invalidArgument, "build context: the client sent no listing") }
    let packs = (earlier?.packs ?? []) + [try writer.finish()]
    let tree = try SyncedTree(listing, received: received, vanished: wanted, packs: packs, earlier: earlier, listedAt: listedAt)
    if wanted.isEmpty { store.keep(tree, as: key, name) }
    (received, self.listing) = ([], nil)
    return tree
  }

  private func close() {
    if let open { received[open] = writer.end() }
    open = nil
  }
}
