// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How much a tree holds. Blocking.
enum DirectorySize {
  /// Bytes of the files below `path`, a file with several names counted once. What cannot be read counts nothing.
  static func bytes(_ path: String) -> Int64 {
    var seen: Set<ino_t> = []
    return bytes(path, &seen)
  }

  private static func bytes(_ path: String, _ seen: inout Set<ino_t>) -> Int64 {
    var total: Int64 = 0
    var pending = [path]
    while let directory = pending.popLast() {
      for name in HostFiles.names(in: directory) {
        var status = stat()
        guard lstat(directory + "/" + name, &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
          pending.append(directory + "/" + name)
        } else if status.st_nlink == 1 || seen.insert(status.st_ino).inserted {
          total += Int64(status.st_size)
        }
      }
    }
    return total
  }
}
