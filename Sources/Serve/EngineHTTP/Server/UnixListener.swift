// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// The listening end of a unix socket with its place in the file system.
package struct UnixListener: Sendable {
  package let path: String
  /// Bound, not yet listening. Whoever serves it owns it.
  package let descriptor: Int32
  private let device: dev_t
  private let inode: ino_t

  /// Binds `path` with mode 0660, for `group` when given. A socket that nobody serves any more is replaced;
  /// one that is served, and anything that is not a socket, is an error that says who or what it is.
  package init(binding path: String, group: gid_t?) throws(HullError) {
    self.path = path
    try Self.clearPlace(path)
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Self.failure("make a socket for", path) }
    let bound = descriptor
    do throws(HullError) {
      // The mode of the descriptor becomes the mode of the file: there is no moment in which others could connect.
      _ = fchmod(bound, 0o660)
      guard try Self.withAddress(path, { bind(bound, $0, $1) }) == 0 else { throw Self.failure("bind", path) }
      guard chmod(path, 0o660) == 0 else { throw Self.failure("set the mode of", path) }
      if let group, chown(path, uid_t.max, group) != 0 { throw Self.failure("set the group of", path) }
      var status = stat()
      guard lstat(path, &status) == 0 else { throw Self.failure("look at", path) }
      (device, inode) = (status.st_dev, status.st_ino)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Removes the file if it is still this socket's.
  package func unlinkPath() {
    var status = stat()
    if lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode { unlink(path) }
  }

  private static func clearPlace(_ path: String) throws(HullError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw failure("look at", path) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw HullError(.conflict, "cannot listen on \(path): a file that is not a socket is there; remove it or choose another --host")
    }
    if let holder = try holder(of: path) {
      throw HullError(.conflict, "cannot listen on \(path): \(holder) serves it already; stop that first or choose another --host")
    }
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove the stale socket", path) }
  }

  /// Who answers on a socket, `nil` when nobody does.
  private static func holder(of path: String) throws(HullError) -> String? {
    let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard probe >= 0 else { throw failure("make a socket for", path) }
    defer { close(probe) }
    guard try withAddress(path, { connect(probe, $0, $1) }) == 0 else {
      // EAGAIN: served, with more clients waiting than the backlog holds.
      return errno == EAGAIN ? "another process" : nil
    }
    // struct ucred: pid, uid, gid.
    var peer: [Int32] = [0, 0, 0]
    var length = socklen_t(12)
    guard getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0, peer[0] > 0 else { return "another process" }
    return "process \(peer[0])\(commandName(peer[0]).map { " (\($0))" } ?? "")"
  }

  private static func commandName(_ pid: pid_t) -> String? {
    let file = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file, &bytes, bytes.count)
    return count > 1 ? String(decoding: bytes[..<(count - 1)], as: UTF8.self) : nil
  }

  /// Calls with the socket address of a path of any length: a long one is reached through its opened directory.
  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws(HullError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let room = MemoryLayout.size(ofValue: address.sun_path) - 1
    var directory: Int32 = -1
    defer { if directory >= 0 { close(directory) } }
    var short = path
    if path.utf8.count > room {
      let slash = path.lastIndex(of: "/") ?? path.startIndex
      directory = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      short = "/proc/self/fd/\(directory)\(path[slash...])"
      guard directory >= 0, short.utf8.count <= room else {
        throw HullError(.invalidArgument, "socket path \(path) is too long, or its directory is missing")
      }
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    let saved = errno
    if directory >= 0 { close(directory) }
    directory = -1
    errno = saved
    return result
  }

  private static func failure(_ action: String, _ path: String) -> HullError {
    HullError(.internalError, "cannot \(action) \(path): \(String(cString: strerror(errno)))")
  }
}
