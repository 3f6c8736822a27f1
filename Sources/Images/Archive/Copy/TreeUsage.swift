// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// What a tree takes of its disk. Blocking.
package struct TreeUsage: Sendable, Hashable {
  /// On disk: a file with several names counts once, a hole counts nothing.
  package private(set) var bytes: Int64 = 0
  /// The directory itself included.
  package private(set) var inodes = 0
  /// Without directories; a file with several names counts once.
  package private(set) var files = 0
  /// Bytes of regular files as `ls` shows them: a file with several names counts once, a hole counts as what it stands for.
  package private(set) var content: Int64 = 0

  /// The same for a directory by path, links in it followed. Throws when it is not there.
  package init(of path: String) throws(HullError) {
    let root = try step("cannot open \(path)") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
    try self.init(of: root.number)
  }

  /// The same for a file or directory at a path; `nil` when there is nothing.
  package init?(ofAnything path: String) {
    guard let status = try? Files.status(path, flags: AT_SYMLINK_NOFOLLOW) else { return nil }
    if status.isDirectory, let usage = try? TreeUsage(of: path) {
      self = usage
    } else {
      count(status)
    }
  }

  /// - Parameter root: a directory; stays the caller's. What goes away meanwhile is not counted.
  package init(of root: Int32) throws(HullError) {
    var own = stat()
    guard fstat(root, &own) == 0 else { throw systemFailure("cannot look at a directory") }
    count(own)
    var seen: Set<FileIdentity> = []
    var pending: [[UInt8]] = [[]]
    while let path = pending.popLast() {
      let fd = FileCalls.open(root, path, O_RDONLY | O_DIRECTORY, resolve: Resolve.beneath | Resolve.noSymbolicLinks | Resolve.noMagicLinks)
      guard fd >= 0 else { continue }
      defer { close(fd) }
      for name in DirectoryListing.names(fd) ?? [] {
        guard let status = FileCalls.status(fd, name) else { continue }
        if status.isDirectory {
          pending.append(path.isEmpty ? name : path + [UInt8(ascii: "/")] + name)
        } else if status.st_nlink > 1, !seen.insert(FileIdentity(device: status.st_dev, inode: status.st_ino)).inserted {
          continue
        }
        count(status)
      }
    }
  }

  private mutating func count(_ status: stat) {
    bytes += Int64(status.st_blocks) * 512
    inodes += 1
    if !status.isDirectory { files += 1 }
    if status.isRegular { content += Int64(status.st_size) }
  }
}
