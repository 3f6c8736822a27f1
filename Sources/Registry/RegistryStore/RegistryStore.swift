// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// What a registry keeps, in one directory that one process uses at a time. Synchronous and thread-safe; calls may block on the disk.
///
/// What a call acknowledged survives the loss of power. A process that is killed at any moment leaves nothing that the next one does not mend.
package final class RegistryStore: Sendable {
  /// What the owner of the registry has decided; asked on every change.
  package struct Rules: Sendable {
    /// The most bytes that a repository may hold; nil: no limit.
    package var quota: @Sendable (RepositoryName) -> Int64? = { _ in nil }
    /// Whether a tag that was set stays as it is.
    package var immutable: @Sendable (RepositoryName, String) -> Bool = { _, _ in false }
    /// Whether an index may name manifests that are not here.
    package var sparseIndexes = false
    /// The largest manifest, bytes.
    package var manifestLimit = 4 << 20
    package init() {}
  }

  package let root: String
  package let rules: Rules
  let shelf: Shelf
  /// One lock per repository: for its tags, manifests and links.
  let repositories = Stripes(64)
  /// One lock per blob: for its file and the links to it.
  let contents = Stripes(64)
  package let catalog: Catalog
  let usage = Usage()
  let pulls = PullTimes()
  let uploads: Uploads
  private let lock: OwnedDescriptor

  /// Opens the store or makes an empty one. Throws `conflict` when another process uses it.
  package init(root: String, rules: Rules = Rules()) throws(HullError) {
    self.root = root
    self.rules = rules
    lock = try RegistryStore.lock(root)
    shelf = try Shelf(root)
    for directory in [Layout.repositories, Layout.uploads, Layout.blobs] { try shelf.makeDirectory(directory) }
    catalog = try Catalog(shelf)
    uploads = Uploads(shelf)
  }

  /// A number that differs after anything was changed or removed in a repository (or in one that shares its lock): what was read
  /// after asking for it is still true while it is the same.
  package func generation(of name: RepositoryName) -> Int { repositories.stripe(of: name).generation.load(ordering: .sequentiallyConsistent) }

  /// Bytes in distinct blobs and manifests of a repository.
  package func usage(of name: RepositoryName) throws(HullError) -> Int64 {
    try repositories.withLock(name) { () throws(HullError) in try usage.bytes(of: name, shelf) }
  }

  private static func lock(_ root: String) throws(HullError) -> OwnedDescriptor {
    let file = try step("cannot open the registry in \(root)") { () throws(SystemError) in
      try Files.makeDirectories(root, mode: 0o700)
      return try Files.open(root + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
    }
    guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
      throw HullError(.conflict, "another registry uses \(root): stop it, or choose another --root")
    }
    return file
  }
}
