// SPDX-License-Identifier: Apache-2.0
import Errors

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
    let space = try DiskSpace(of: directory, place: place)
    bytes = space.free - space.reserve
    // File systems that make inodes as needed report none at all.
    files = space.files == 0 ? .max : min(space.freeFiles - min(space.files / 20, 4096), DiskGuard.recheckFiles)
  }
}
