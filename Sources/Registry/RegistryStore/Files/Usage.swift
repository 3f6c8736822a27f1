// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Synchronization

/// How many bytes repositories hold: counted once, then kept up to date. Asked and changed with the repository's lock held.
final class Usage: Sendable {
  private static let remembered = 10_000
  private let bytes = Mutex<[RepositoryName: Int64]>([:])

  func bytes(of name: RepositoryName, _ shelf: Shelf) throws(HullError) -> Int64 {
    if let known = bytes.withLock({ $0[name] }) { return known }
    var total: Int64 = 0
    let manifests = try shelf.names(Layout.manifests(name))
    for file in manifests { total += Int64(shelf.status("\(Layout.manifests(name))/\(file)")?.st_size ?? 0) }
    for file in Set(try shelf.names(Layout.blobs(name))).subtracting(manifests) {
      total += Int64(shelf.status("\(Layout.blobs(name))/\(file)")?.st_size ?? 0)
    }
    let counted = total
    bytes.withLock { known in
      if known.count >= Usage.remembered { known.removeAll() }
      known[name] = counted
    }
    return total
  }

  func add(_ count: Int64, to name: RepositoryName) {
    bytes.withLock { known in
      if let old = known[name] { known[name] = old + count }
    }
  }

  /// Counts anew the next time.
  func forget(_ name: RepositoryName) { bytes.withLock { $0[name] = nil } }
}
