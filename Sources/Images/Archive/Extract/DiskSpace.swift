// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// A file system's size and what of it is free.
package struct DiskSpace: Sendable {
  /// bytes
  package let total: Int64
  /// Bytes, without what only root may take.
  package let free: Int64
  let files: Int
  let freeFiles: Int

  /// Of the file system that a descriptor is on.
  /// - Parameter place: what messages call it.
  package init(of descriptor: Int32, place: String) throws(HullError) {
    var status = statvfs()
    guard fstatvfs(descriptor, &status) == 0 else { throw systemFailure("cannot ask for the free space of \(place)") }
    func bytes(_ blocks: UInt) -> Int64 {
      let (bytes, isTooMuch) = Int64(clamping: blocks).multipliedReportingOverflow(by: Int64(status.f_frsize))
      return isTooMuch ? .max : bytes
    }
    (total, free) = (bytes(status.f_blocks), bytes(status.f_bavail))
    (files, freeFiles) = (Int(clamping: status.f_files), Int(clamping: status.f_favail))
  }

  /// Of the file system that `path` is on.
  package init(at path: String) throws(HullError) {
    let directory = try step("cannot ask for the free space of \(path)") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
    try self.init(of: directory.number, place: path)
  }

  /// Bytes that stay free whatever comes in: a twentieth, at most 1 GiB.
  package var reserve: Int64 { min(total / 20, 1 << 30) }
}
