// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Removes whole trees without recursion and with two descriptors at a time, however deep they are.
package enum TreeRemoval {
  /// Removes `name` in `directory`, whatever it is; what is not there is fine.
  /// A tree that somebody moves away meanwhile is left alone where it is then.
  package static func remove(_ name: [UInt8], in directory: Int32) throws(HullError) {
    if FileCalls.unlink(directory, name) == 0 || errno == ENOENT { return }
    guard errno == EISDIR || errno == EPERM else { throw failure(name) }
    var walk = Walk(directory)
    defer { walk.close() }
    guard walk.enter(name) else { throw failure(name) }
    while walk.depth > 0 {
      if let child = try emptyCurrent(&walk) {
        guard walk.enter(child) else { throw failure(child) }
      } else {
        guard let removed = walk.leave() else { throw HullError(.conflict, "cannot remove \(shown(name)): it is being moved") }
        if FileCalls.unlink(walk.fd, removed, AT_REMOVEDIR) != 0, errno != ENOENT { throw failure(removed) }
      }
    }
  }

  /// Removes what can be unlinked in the current directory, some names at a time: it may have a million.
  /// - Returns: a directory in it that has to be emptied first.
  private static func emptyCurrent(_ walk: inout Walk) throws(HullError) -> [UInt8]? {
    while true {
      guard let names = DirectoryListing.names(walk.fd, limit: 1024) else { throw systemFailure("cannot read a directory to remove it") }
      if names.isEmpty { return nil }
      for name in names where FileCalls.unlink(walk.fd, name) != 0 {
        if errno == ENOENT { continue }
        guard errno == EISDIR || errno == EPERM else { throw failure(name) }
        if FileCalls.unlink(walk.fd, name, AT_REMOVEDIR) == 0 { continue }
        guard errno == ENOTEMPTY || errno == EEXIST else { throw failure(name) }
        return name
      }
    }
  }

  private static func failure(_ name: [UInt8]) -> HullError { systemFailure("cannot remove \(shown(name))") }
  private static func shown(_ name: [UInt8]) -> String { quoted(String(decoding: name, as: UTF8.self)) }

  /// The way down, by name and identity: going up checks that `..` is where we came from.
  private struct Walk {
    private(set) var fd: Int32
    private var steps: [(name: [UInt8], device: dev_t, inode: ino_t)] = []
    private var owned = false

    init(_ directory: Int32) { fd = directory }

    var depth: Int { steps.count }

    mutating func enter(_ name: [UInt8]) -> Bool {
      var status = stat()
      let child = FileCalls.open(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      guard child >= 0, fstat(fd, &status) == 0 else { return false }
      steps.append((name, status.st_dev, status.st_ino))
      move(to: child)
      return true
    }

    mutating func leave() -> [UInt8]? {
      var status = stat()
      let above = FileCalls.open(fd, Array("..".utf8), O_RDONLY | O_DIRECTORY)
      guard above >= 0, let step = steps.last else { return nil }
      guard fstat(above, &status) == 0, status.st_dev == step.device, status.st_ino == step.inode else {
        Glibc.close(above)
        return nil
      }
      steps.removeLast()
      move(to: above)
      return step.name
    }

    mutating func close() {
      if owned { Glibc.close(fd) }
    }

    private mutating func move(to next: Int32) {
      close()
      fd = next
      owned = true
    }
  }
}
