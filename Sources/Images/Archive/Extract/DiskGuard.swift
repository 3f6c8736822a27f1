// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Keeps archives from filling a disk: a twentieth of it, at most 1 GiB, and a few thousand files always stay free.
package final class DiskGuard {
  private static let recheck: Int64 = 64 << 20
  private static let recheckFiles = 10_000
  private let directory: Int32
  private let place: String
  private var bytes: Int64 = 0
  private var files = 0

  /// - Parameters:
  ///   - directory: any descriptor on the file system; stays the caller's.
  ///   - place: what messages call it.
  package init(_ directory: Int32, place: String) {
    self.directory = directory
    self.place = place
  }

  /// Asked before `count` bytes are written for `what`. Throws `tooLarge` when they do not fit.
  package func take(_ count: Int64, for what: @autoclosure () -> String) throws(HullError) {
    if bytes < count || files == 0 { try look() }
    guard count <= bytes else {
      throw HullError(.tooLarge, "\(what()): \(count) bytes do not fit on the disk of \(place): \(max(bytes, 0)) bytes may still be used")
    }
    guard files > 0 else { throw HullError(.tooLarge, "\(what()): the disk of \(place) has too few inodes left") }
    bytes -= count
    files -= 1
  }

  private func look() throws(HullError) {
    var status = statvfs()
    guard fstatvfs(directory, &status) == 0 else { throw systemFailure("cannot ask for the free space of \(place)") }
    let block = Int64(status.f_frsize)
    let free = Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: block)
    let total = Int64(clamping: status.f_blocks).multipliedReportingOverflow(by: block)
    let available = (free.overflow ? .max : free.partialValue) - min((total.overflow ? .max : total.partialValue) / 20, 1 << 30)
    bytes = available
    // File systems that make inodes as needed report none at all.
    files = status.f_files == 0 ? .max : min(Int(clamping: status.f_favail) - min(Int(clamping: status.f_files) / 20, 4096), DiskGuard.recheckFiles)
  }
}
