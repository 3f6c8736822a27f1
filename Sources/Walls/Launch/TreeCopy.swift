// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// Copies what a directory holds into another one that is empty: owners, modes, times, extended attributes, links and devices included.
enum TreeCopy {
  private static let deepest = 512

  static func copy(from source: Int32, to target: Int32, depth: Int = 0) throws(SystemError) {
    guard depth < deepest else { throw SystemError(ELOOP, "copy a tree deeper than \(deepest) directories") }
    // The source may be an O_PATH descriptor, which cannot be read.
    let readable = try Files.open(".", O_RDONLY | O_DIRECTORY, at: source)
    for name in try names(readable) { try copyEntry(name, from: source, to: target, depth: depth) }
  }

  private static func names(_ directory: consuming OwnedDescriptor) throws(SystemError) -> [String] {
    let number = directory.take()
    guard let stream = fdopendir(number) else {
      let failure = errno
      close(number)
      throw SystemError(failure, "read a directory")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  private static func copyEntry(_ name: String, from source: Int32, to target: Int32, depth: Int) throws(SystemError) {
    let status = try Files.status(name, at: source, flags: AT_SYMLINK_NOFOLLOW)
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      try checked("mkdir \(name)") { mkdirat(target, name, 0o700) }
      let from = try Files.open(name, OpenFlag.path | O_DIRECTORY | O_NOFOLLOW, at: source)
      let to = try Files.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: target)
      try copy(from: from.number, to: to.number, depth: depth + 1)
      let readable = try Files.open(".", O_RDONLY, at: from.number)
      copyAttributes(from: readable.number, to: to.number)
    case S_IFREG: try copyFile(name, from: source, to: target)
    case S_IFLNK:
      let link = try Files.readLink(name, at: source)
      try checked("symlink \(name)") { symlinkat(link, target, name) }
    default: try checked("mknod \(name)") { mknodat(target, name, status.st_mode, status.st_rdev) }
    }
    try checked("chown \(name)") { fchownat(target, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) }
    if !status.isSymbolicLink { try checked("chmod \(name)") { fchmodat(target, name, status.st_mode & 0o7777, 0) } }
    let times = [status.st_atim, status.st_mtim]
    try checked("set the times of \(name)") { utimensat(target, name, times, AT_SYMLINK_NOFOLLOW) }
  }

  private static func copyFile(_ name: String, from source: Int32, to target: Int32) throws(SystemError) {
    let from = try Files.open(name, O_RDONLY | O_NOFOLLOW, at: source)
    let to = try Files.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: target)
    var block = [UInt8](repeating: 0, count: 128 << 10)
    while true {
      let count = try checked("read \(name)") { block.withUnsafeMutableBytes { read(from.number, $0.baseAddress, $0.count) } }
      if count == 0 { break }
      try Files.writeAll(to.number, Array(block[..<count]), name: name)
    }
    copyAttributes(from: from.number, to: to.number)
  }

  /// tmpfs does not know every attribute: what it refuses is left out.
  private static func copyAttributes(from source: Int32, to target: Int32) {
    for name in (try? ExtendedAttributes.names(source)) ?? [] {
      guard let value = try? ExtendedAttributes.get(source, name) else { continue }
      try? ExtendedAttributes.set(target, name, value)
    }
  }
}
