// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Removes trees that a workload has filled: no symbolic link is followed, no depth is too deep, no other file system is entered.
enum TreeRemoval {
  /// Removes `path` and all below it; nothing there is fine.
  static func remove(_ path: String) throws(HullError) {
    try removeContents(of: path)
    guard rmdir(path) == 0 || errno == ENOENT || (errno == ENOTDIR && unlink(path) == 0) else { throw HostFiles.failure("remove", path) }
  }

  /// Removes all below the directory `path` and leaves the directory itself.
  static func removeContents(of path: String) throws(HullError) {
    let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard root >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return }
      throw HostFiles.failure("open", path)
    }
    // Each open directory is on this stack: a depth that would use up the descriptors is cut by moving the deep part up to the root.
    var stack: [(descriptor: Int32, name: [CChar])] = [(root, [])]
    defer { for level in stack { close(level.descriptor) } }
    var moved = 0
    while let level = stack.last {
      if let child = try removeEntries(of: level.descriptor, path: path) {
        if stack.count >= deepest, renameat(level.descriptor, child, root, ".hull-\(moved)") == 0 {
          moved += 1
          continue
        }
        let descriptor = openat(level.descriptor, child, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", child, below: path) }
        stack.append((descriptor, child))
        guard device(descriptor) == device(root) else {
          throw HullError(.conflict, "cannot remove \(path): something is mounted on \(display(child)) below it")
        }
      } else {
        stack.removeLast()
        close(level.descriptor)
        guard let parent = stack.last else { return }
        guard unlinkat(parent.descriptor, level.name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
          throw failure("remove", level.name, below: path)
        }
      }
    }
  }

  private static let deepest = 64

  /// Removes what can be removed at once; gives the name of a directory that is not empty.
  private static func removeEntries(of directory: Int32, path: String) throws(HullError) -> [CChar]? {
    let duplicate = dup(directory)
    guard duplicate >= 0, let stream = fdopendir(duplicate) else {
      if duplicate >= 0 { close(duplicate) }
      throw HostFiles.failure("list", path)
    }
    defer { closedir(stream) }
    rewinddir(stream)
    while let entry = readdir(stream) {
      let raw = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }.map(CChar.init(bitPattern:))) + [0] }
      if raw == [0x2E, 0] || raw == [0x2E, 0x2E, 0] { continue }
      if entry.pointee.d_type != UInt8(DT_DIR), unlinkat(directory, raw, 0) == 0 || errno == ENOENT { continue }
      if unlinkat(directory, raw, AT_REMOVEDIR) == 0 || errno == ENOENT { continue }
      if errno == ENOTDIR, unlinkat(directory, raw, 0) == 0 { continue }
      guard errno == ENOTEMPTY || errno == EEXIST else { throw failure("remove", raw, below: path) }
      return raw
    }
    return nil
  }

  private static func device(_ descriptor: Int32) -> dev_t {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status.st_dev : 0
  }

  private static func display(_ name: [CChar]) -> String { String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self) }

  private static func failure(_ action: String, _ name: [CChar], below path: String) -> HullError {
    HostFiles.failure(action, path + "/…/" + display(name))
  }
}
