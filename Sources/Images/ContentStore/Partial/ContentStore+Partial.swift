// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem
import OCISpec

extension ContentStore {
  /// Starts or resumes the download of a blob. One at a time for a digest: the caller sees to that.
  package func partial(_ digest: Digest, size: Int64) throws(HullError) -> Partial {
    guard digest.algorithm == "sha256" else { throw HullError(.unsupported, "blob \(digest): only sha256 is supported") }
    receiving.add(digest.hex)
    do throws(HullError) { return try Partial(self, digest, size: size) } catch {
      receiving.drop(digest.hex)
      removePartial(digest.hex)
      throw error
    }
  }

  /// Makes downloads that were verified visible as blobs. One that somebody else has made visible is fine.
  package func publish(_ verified: [Digest]) throws(HullError) {
    for digest in verified where size(of: digest) == nil {
      guard renameat(partials, digest.hex, blobs, digest.hex) == 0 || (errno == ENOENT && size(of: digest) != nil) else {
        throw systemFailure("cannot store blob \(digest)")
      }
    }
    // With the map goes what was fetched although somebody else was faster.
    for digest in verified { removePartial(digest.hex) }
  }

  /// A blob that has come in in part.
  package struct CutDownload: Sendable, Hashable {
    package let digest: Digest
    /// Bytes on disk.
    package let bytes: Int64
    /// When something last came in: seconds since 1970.
    package let changed: Int64
    /// It goes on just now.
    package let isRunning: Bool
  }

  /// Blobs that have come in in part: those that were cut, those that the rest of their image was missing for, those that are on their way.
  package func downloads() throws(HullError) -> [CutDownload] {
    try DurableFiles.names(partials).compactMap { name in
      guard let digest = try? Digest("sha256:\(name)"), let status = try? Files.status(name, at: partials, flags: AT_SYMLINK_NOFOLLOW) else {
        return nil
      }
      return CutDownload(
        digest: digest, bytes: Int64(status.st_blocks) * 512, changed: Int64(status.st_mtim.tv_sec), isRunning: receiving.contains(name))
    }
  }

  /// Forgets a download that was cut, unless somebody goes on with it.
  /// - Returns: whether it is gone.
  package func forgetDownload(_ digest: Digest) -> Bool { receiving.unlessUsed(digest.hex) { removePartial(digest.hex) } != nil }

  func removePartial(_ hex: String) {
    // The map goes first: without it a file counts as empty.
    unlinkat(partials, hex + Partial.mapSuffix, 0)
    unlinkat(partials, hex, 0)
  }

  /// Removes what belongs to no download.
  func sweepPartials() throws(HullError) {
    let names = Set(try DurableFiles.names(partials))
    for name in names where !isWhole(names, name) { try TreeRemoval.remove(Array(name.utf8), in: partials) }
  }
}
