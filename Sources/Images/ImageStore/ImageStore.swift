// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Database
import Errors
import Glibc
import Layers
import LinuxSystem
import OCISpec

/// All images of one engine: blobs and unpacked layers on disk, names and descriptions in the database.
///
/// Synchronous, blocking and thread-safe. What is on disk is complete before a row speaks of it; a row goes before its files.
package final class ImageStore: Sendable {
  package let root: String
  package let database: HullDatabase
  package let blobs: ContentStore
  package let layers: LayerStore
  let claims: Claims
  let configs = ConfigCache()
  /// Held while images are removed: what one removal has looked at, another must not change.
  let removing = Monitor<Void>(())
  /// Held while room is made.
  let reclaiming = Monitor<Void>(())
  private let lock: Int32

  /// The tables, for `HullDatabase(path:schemas:)`.
  package static let schema = ImageSchema.schema

  /// Opens the store below `root` (`content/`, `layers/`), and removes what an interrupted run left behind.
  /// Throws `conflict` when another engine has it open.
  package init(root: String, database: HullDatabase) throws(HullError) {
    self.root = root
    self.database = database
    lock = try ImageStore.lock(root)
    do throws(HullError) {
      blobs = try ContentStore(root: root + "/content")
      layers = try LayerStore(root: root + "/layers")
      claims = Claims(database: database, blobs: blobs, layers: layers)
      try claims.collect(blobs: blobs.all(), chains: layers.all())
    } catch {
      close(lock)
      throw error
    }
  }

  deinit { close(lock) }

  /// Writes out all blobs and layers: one call where they lie on one file system.
  func sync() throws(HullError) {
    try blobs.sync()
    let devices = [blobs.root, layers.root].map { (try? Files.status($0))?.st_dev }
    if devices[0] != devices[1] { try layers.sync() }
  }

  /// Writes down what was used lately, which nobody has waited for. Blocking.
  package func writeNotes() { database.writeNotes() }

  private static func lock(_ root: String) throws(HullError) -> Int32 {
    let file = try step("cannot open the image store in \(root)") { () throws(SystemError) in
      try Files.makeDirectories(root, mode: 0o711)
      return try Files.open(root + "/images.lock", O_RDWR | O_CREAT, mode: 0o600)
    }.take()
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      throw HullError(.conflict, "the images in \(root) are in use by another hulld: stop it or use another --root")
    }
    return file
  }

  /// Nanoseconds since 1970.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
