// SPDX-License-Identifier: Apache-2.0
import CLinux

/// Has the disk begin with what a long write has left in memory, so that little is waiting at the sync that makes it last (sync_file_range(2)).
struct WriteBehind {
  /// Bytes; below it, nothing is asked of the disk early.
  static let stride = 8 << 20
  private var waiting = 0

  /// Notes that `count` more bytes were written.
  mutating func wrote(_ count: Int, to fd: Int32) {
    waiting += count
    guard waiting >= WriteBehind.stride else { return }
    waiting = 0
    // Only a hint: a failed write is told by the sync.
    _ = hull_write_behind(fd)
  }
}
