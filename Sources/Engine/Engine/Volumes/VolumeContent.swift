// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Foundation
import Glibc
import LinuxSystem

/// A new volume begins with what the image has at its place. Blocking.
enum VolumeContent {
  static func isEmpty(_ data: String) throws(HullError) -> Bool {
    let directory = try step("cannot open volume directory \(data)") { () throws(SystemError) in try Files.open(data, O_RDONLY | O_DIRECTORY) }
    return DirectoryListing.names(directory.number, limit: 1)?.isEmpty ?? false
  }

  /// Copies the content of a directory of the image, its owner and its mode included, into a volume that is empty.
  static func fill(_ data: String, from lower: [String], path: String) throws(HullError) {
    guard try isEmpty(data) else { return }
    let root = try step("cannot look into the image") { () throws(SystemError) in try UnionMount.detached(lower: lower) }
    guard let place = try? InRoot.open(root.number, path, O_RDONLY | O_DIRECTORY) else { return }
    let target = try step("cannot open volume directory \(data)") { () throws(SystemError) in try Files.open(data, O_RDONLY | O_DIRECTORY) }
    let status = try step("cannot look into the image") { () throws(SystemError) in try Files.status(of: place.number) }
    fchown(target.number, status.st_uid, status.st_gid)
    fchmod(target.number, status.st_mode & 0o7777)
    try TreeCopy.copy(root: place.number, path: "", into: target.number)
  }
}

/// Copies trees with everything that an archive can hold.
enum TreeCopy {
  /// What is at `path` below `root` goes into the directory `target`. Blocking.
  static func copy(root: Int32, path: String, into target: Int32) throws(HullError) {
    let pipe = try step("cannot copy \(path)") { () throws(SystemError) in try Descriptors.pipe() }
    let (packing, finished) = (PackResult(), DispatchSemaphore(value: 0))
    let thread = Thread {
      packing.failure = Result { try ArchiveFiles.pack(root: root, path: path, to: pipe.second) }
      close(pipe.second)
      finished.signal()
    }
    thread.start()
    let unpacking = Result { () throws(HullError) in try ArchiveFiles.extract(from: pipe.first, root: target) }
    close(pipe.first)
    finished.wait()
    try unpacking.get()
    do { try packing.failure.get() } catch { throw error as? HullError ?? HullError(.internalError, "cannot copy \(path)", cause: error) }
  }

  /// Unchecked: written by one thread before it signals, read by the other after that.
  private final class PackResult: @unchecked Sendable {
    var failure: Result<Void, any Error> = .success(())
  }
}
