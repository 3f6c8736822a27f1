// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Blobs by digest, below `root/blobs/sha256/`: as they were received, verified, complete or not there.
///
/// A new blob is on disk for good only after `sync()`: nothing may be written down about it before.
package final class ContentStore: Sendable {
  package let root: String
  let blobs: Int32
  let ingests: Int32
  let partials: Int32
  /// Directories below `ingest` and downloads below `partial` that are just being written to.
  let receiving = NamesInUse()
  /// Asked before bytes come in, how many as far as that is known: whoever looks after the disk may make room. Set once, at the start.
  private let roomMaker = Monitor<(@Sendable (Int64) -> Void)?>(nil)

  /// Opens the store or makes an empty one. What an interrupted run was receiving is removed.
  package init(root: String) throws(HullError) {
    self.root = root
    blobs = try DurableFiles.directory(root + "/blobs/sha256")
    ingests = try DurableFiles.directory(root + "/ingest")
    partials = try DurableFiles.directory(root + "/partial")
    try sweepPartials()
    for name in try DurableFiles.names(ingests) { try TreeRemoval.remove(Array(name.utf8), in: ingests) }
  }

  deinit {
    close(blobs)
    close(ingests)
    close(partials)
  }

  /// Where a blob lies, or would.
  package func path(of digest: Digest) -> String { "\(root)/blobs/\(digest.algorithm)/\(digest.hex)" }

  /// Opens a blob for reading; the caller closes it. Throws `notFound`.
  package func open(_ digest: Digest) throws(HullError) -> Int32 {
    guard digest.algorithm == "sha256" else { throw HullError(.unsupported, "blob \(digest): only sha256 is supported") }
    do {
      return try Files.open(digest.hex, O_RDONLY | O_NOFOLLOW, at: blobs).take()
    } catch {
      throw HullError(error.number == ENOENT ? .notFound : .internalError, "blob \(digest): \(error.reason)")
    }
  }

  /// Bytes; `nil` when it is not here.
  package func size(of digest: Digest) -> Int64? {
    guard digest.algorithm == "sha256", let status = try? Files.status(digest.hex, at: blobs, flags: AT_SYMLINK_NOFOLLOW) else { return nil }
    return Int64(status.st_size)
  }

  /// A whole blob, for the small ones: manifests and configurations.
  package func read(_ digest: Digest, limit: Int = 16 << 20) throws(HullError) -> [UInt8] {
    let fd = OwnedDescriptor(try open(digest))
    return try step("cannot read blob \(digest)") { () throws(SystemError) in try Files.readAll(fd.number, limit: limit, name: digest.hex) }
  }

  /// Removes a blob; one that is not there is fine.
  package func remove(_ digest: Digest) throws(HullError) {
    guard digest.algorithm == "sha256" else { return }
    try TreeRemoval.remove(Array(digest.hex.utf8), in: blobs)
  }

  /// Every blob that is here.
  package func all() throws(HullError) -> [Digest] {
    try DurableFiles.names(blobs).compactMap { try? Digest("sha256:\($0)") }
  }

  /// Stores a small blob that is in memory.
  /// - Returns: its digest.
  @discardableResult
  package func put(_ bytes: [UInt8]) throws(HullError) -> Digest {
    let ingest = try ingest()
    let received = try ingest.receive(bytes)
    try ingest.publish([(received.file, received.digest)])
    return received.digest
  }

  /// Writes out everything that has been stored.
  package func sync() throws(HullError) { try DurableFiles.syncFileSystem(blobs) }

  /// From now on `body` is called before bytes come in, with their number as far as it is known.
  package func beforeReceiving(_ body: @escaping @Sendable (Int64) -> Void) { roomMaker.with { $0 = body } }

  /// Whether somebody wants to be asked for room.
  package var asksForRoom: Bool { roomMaker.with { $0 != nil } }

  /// Asks for room for bytes that are about to come in. Blocking, perhaps for seconds.
  package func makeRoom(_ count: Int64) { roomMaker.with { $0 }?(count) }

  /// Starts receiving blobs that become visible together.
  package func ingest() throws(HullError) -> Ingest {
    let name = DurableFiles.uniqueName("")
    receiving.add(name)
    do throws(HullError) { return try Ingest(self, name: name) } catch {
      receiving.drop(name)
      throw error
    }
  }
}
