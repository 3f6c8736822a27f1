// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Labels that let containers use files, where SELinux is on.
package enum SELinux {
  package static let isEnabled = access("/sys/fs/selinux/enforce", F_OK) == 0

  /// Labels a file, or a directory with all below it, as content of containers. No symbolic link is followed. Blocking.
  package static func relabel(_ path: String) throws(HullError) {
    guard !protected.contains(path) else {
      throw HullError(.invalidArgument, "SELinux relabeling of \(path) is not allowed: mount a folder below it")
    }
    var pending = [path]
    while let next = pending.popLast() {
      try step("cannot relabel \(next)") { () throws(SystemError) in
        let value = Array(label.utf8)
        // A file system that keeps no labels (NFS, for one) has one for all of it.
        if lsetxattr(next, "security.selinux", value, value.count, 0) != 0, errno != ENOTSUP { throw SystemError(errno, "setxattr") }
        if try Files.status(next, flags: AT_SYMLINK_NOFOLLOW).isDirectory { pending += names(in: next).map { next + "/" + $0 } }
      }
    }
  }

  private static func names(in path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// With the null byte that the kernel stores.
  private static let label = "system_u:object_r:container_file_t:s0\0"
  private static let protected: Set<String> = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr",
    "/var", "/var/lib", "/var/log",
  ]
}
