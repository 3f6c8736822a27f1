// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An open directory of the tree that is being made, and the time it shall have when nobody writes in it any more.
final class OpenDirectory {
  let fd: Int32
  /// Put back after entries were made in it; `nil`: it changes with what happens.
  var times: (access: timespec, modified: timespec)?
  private var dirty = false
  fileprivate var used = 0

  /// Owns `fd` from now on.
  init(_ fd: Int32) { self.fd = fd }

  deinit { close(fd) }

  /// Said before something is made or removed in it.
  func touch() { dirty = true }

  /// Puts the times back.
  func settle() {
    if dirty, let times { FileCalls.setTimes(fd, times.access, times.modified) }
    dirty = false
  }

  /// Takes the times it has now as those it shall keep.
  func keepTimes() {
    var status = stat()
    if fstat(fd, &status) == 0 { times = (status.st_atim, status.st_mtim) }
  }
}

/// The directories used last, open: most entries lie beside the one before. At most 64 descriptors, whatever the archive.
struct DirectoryCache {
  private static let capacity = 64
  private var entries: [[UInt8]: OpenDirectory] = [:]
  private var clock = 0

  subscript(path: [UInt8]) -> OpenDirectory? {
    mutating get {
      guard let directory = entries[path] else { return nil }
      clock += 1
      directory.used = clock
      return directory
    }
  }

  mutating func insert(_ directory: OpenDirectory, at path: [UInt8]) {
    if entries.count >= DirectoryCache.capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used }) {
      oldest.value.settle()
      entries[oldest.key] = nil
    }
    clock += 1
    directory.used = clock
    entries[path]?.settle()
    entries[path] = directory
  }

  /// Forgets everything: paths may lead elsewhere now. Times are put back.
  mutating func flush() {
    for directory in entries.values { directory.settle() }
    entries = [:]
  }
}
