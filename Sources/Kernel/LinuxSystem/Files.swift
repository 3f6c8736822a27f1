// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// `O_*` that the C library hides from Swift.
package enum OpenFlag {
  /// The name only: no reading or writing, no side effect of opening.
  package static let path: Int32 = 0x20_0000
  /// `O_TMPFILE`: with `O_DIRECTORY` in it.
  static let unnamed: Int32 = 0o20_000_000 | O_DIRECTORY
}

/// Small file operations, relative to a directory's descriptor where one is given (`AT_FDCWD`: the working directory).
package enum Files {
  /// Opens close-on-exec.
  package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0, at directory: Int32 = AT_FDCWD) throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try checked("open \(path)") { hull_openat(directory, path, flags | O_CLOEXEC, mode) })
  }

  /// A new file without a name on the file system of a directory, for reading and writing (open(2), O_TMPFILE).
  package static func unnamed(in directory: String) throws(SystemError) -> OwnedDescriptor {
    try open(directory, OpenFlag.unnamed | O_RDWR, mode: 0o600)
  }

  /// Reads to the end; `EFBIG` when there is more than `limit`.
  package static func readAll(_ fd: Int32, limit: Int = 1 << 20, name: String = "") throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: min(limit + 1, 16 << 10))
    while true {
      let count = try checked("read \(name)") { block.withUnsafeMutableBytes { Glibc.read(fd, $0.baseAddress, $0.count) } }
      if count == 0 { return bytes }
      bytes.append(contentsOf: block[..<count])
      if bytes.count > limit { throw SystemError(EFBIG, "read \(name)") }
    }
  }

  package static func read(_ path: String, limit: Int = 1 << 20, at directory: Int32 = AT_FDCWD) throws(SystemError) -> [UInt8] {
    let file = try open(path, O_RDONLY, at: directory)
    return try readAll(file.number, limit: limit, name: path)
  }

  /// The text of a file without the white space at its end.
  package static func readText(_ path: String, limit: Int = 1 << 20, at directory: Int32 = AT_FDCWD) throws(SystemError) -> String {
    var bytes = try read(path, limit: limit, at: directory)
    while let last = bytes.last, last == 0x0a || last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  package static func writeAll(_ fd: Int32, _ bytes: [UInt8], name: String = "") throws(SystemError) {
    var offset = 0
    while offset < bytes.count {
      offset += try checked("write \(name)") {
        bytes.withUnsafeBytes { Glibc.write(fd, $0.baseAddress! + offset, $0.count - offset) }
      }
    }
  }

  /// Writes a kernel file (cgroup, sysctl, proc) in one call: such files take a value whole or not at all.
  package static func write(_ text: String, to path: String, at directory: Int32 = AT_FDCWD) throws(SystemError) {
    let file = try open(path, O_WRONLY, at: directory)
    var text = text
    try checked("write \(path)") { text.withUTF8 { Glibc.write(file.number, $0.baseAddress, $0.count) } }
  }

  /// Makes a directory and those above it; one that exists is left as it is.
  package static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw SystemError(errno, "mkdir \(path)") }
    try makeDirectories(String(path[..<slash]), mode: mode)
    if mkdir(path, mode) != 0 && errno != EEXIST { throw SystemError(errno, "mkdir \(path)") }
  }

  package static func status(of fd: Int32) throws(SystemError) -> stat {
    var status = stat()
    try checked("fstat") { fstat(fd, &status) }
    return status
  }

  package static func status(_ path: String, at directory: Int32 = AT_FDCWD, flags: Int32 = 0) throws(SystemError) -> stat {
    var status = stat()
    try checked("stat \(path)") { fstatat(directory, path, &status, flags) }
    return status
  }

  /// The kernel's magic number of the file system that a descriptor is on.
  package static func fileSystemType(of fd: Int32) throws(SystemError) -> UInt64 {
    var status = statfs()
    try checked("fstatfs") { fstatfs(fd, &status) }
    return UInt64(bitPattern: Int64(status.f_type))
  }

  package static func readLink(_ path: String, at directory: Int32 = AT_FDCWD) throws(SystemError) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = try checked("readlink \(path)") {
      buffer.withUnsafeMutableBytes { readlinkat(directory, path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count) }
    }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  /// A path under `/proc/self/fd` by which calls that know only paths reach what a descriptor stands for.
  package static func path(of fd: Int32) -> String { "/proc/self/fd/\(fd)" }
}

/// Magic numbers of file systems, as in linux/magic.h.
package enum FileSystemType {
  package static let proc: UInt64 = 0x9fa0
  package static let devpts: UInt64 = 0x1cd1
  package static let tmpfs: UInt64 = 0x0102_1994
  package static let overlay: UInt64 = 0x794c_7630
  package static let cgroup2: UInt64 = 0x6367_7270
}

extension stat {
  package var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
  package var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
  package var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }
  package var isCharacterDevice: Bool { st_mode & S_IFMT == S_IFCHR }
  /// A character device with these numbers.
  package func isCharacterDevice(_ major: UInt32, _ minor: UInt32) -> Bool {
    isCharacterDevice && st_rdev == hull_makedev(major, minor)
  }
}
