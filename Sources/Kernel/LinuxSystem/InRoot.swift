// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// How openat2(2) may walk.
package enum Resolve {
  package static let noCrossing: UInt64 = 0x01
  package static let noMagicLinks: UInt64 = 0x02
  package static let noSymbolicLinks: UInt64 = 0x04
  package static let beneath: UInt64 = 0x08
  package static let inRoot: UInt64 = 0x10
}

/// Paths inside a root directory that somebody else has filled: no symbolic link, no `..` and no magic link leads outside it.
package enum InRoot {
  private static let maxLinks = 40
  private static let maxAttempts = 128

  /// Opens what `path` names when `root` is taken for `/`.
  package static func open(
    _ root: Int32, _ path: String, _ flags: Int32, mode: UInt32 = 0, resolve: UInt64 = 0
  ) throws(SystemError) -> OwnedDescriptor {
    let how = Resolve.inRoot | Resolve.noMagicLinks | resolve
    var attempts = 0
    while true {
      do {
        return OwnedDescriptor(
          try checked("open \(path) in the container's root") {
            hull_openat2(root, path.isEmpty ? "." : path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), UInt64(mode), how)
          })
      } catch  where error.number == EAGAIN && attempts < maxAttempts {
        attempts += 1  // a rename elsewhere in the tree raced with a `..`: the kernel asks for another try
      }
    }
  }

  /// Opens what `path` names below `directory`; an absolute path, and a symbolic link or `..` that leads out, is refused (`EXDEV`).
  package static func openBeneath(_ directory: Int32, _ path: String, _ flags: Int32) throws(SystemError) -> OwnedDescriptor {
    var attempts = 0
    while true {
      do {
        return OwnedDescriptor(
          try checked("open \(path)") {
            hull_openat2(
              directory, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), 0, Resolve.beneath | Resolve.noMagicLinks)
          })
      } catch  where error.number == EAGAIN && attempts < maxAttempts {
        attempts += 1
      }
    }
  }

  /// The directory at `path` (`O_PATH`), made with everything above it when missing.
  package static func makeDirectories(_ root: Int32, _ path: String, mode: UInt32 = 0o755) throws(SystemError) -> OwnedDescriptor {
    try makeDirectories(root, path, mode: mode, links: 0)
  }

  /// The file at `path` (`O_PATH`), made empty, with everything above it, when missing.
  package static func makeFile(_ root: Int32, _ path: String, mode: UInt32 = 0o644) throws(SystemError) -> OwnedDescriptor {
    try makeFile(root, path, mode: mode, links: 0)
  }

  /// The directory that holds the last component of `path`, made when missing, and that component.
  package static func parent(_ root: Int32, _ path: String) throws(SystemError) -> (directory: Int32, name: String) {
    let (above, name) = split(path)
    guard name != "..", name != ".", !name.isEmpty else { throw SystemError(EINVAL, "create \(path)") }
    return (try makeDirectories(root, above).take(), name)
  }

  private static func makeDirectories(_ root: Int32, _ path: String, mode: UInt32, links: Int) throws(SystemError) -> OwnedDescriptor {
    do { return try open(root, path, OpenFlag.path | O_DIRECTORY) } catch  where error.number != ENOENT { throw error } catch {}
    let (above, name) = split(path)
    guard !name.isEmpty, links < maxLinks else { throw SystemError(name.isEmpty ? ENOENT : ELOOP, "mkdir \(path)") }
    let parent = try makeDirectories(root, above, mode: mode, links: links)
    if mkdirat(parent.number, name, mode) == 0 { return try Files.open(name, OpenFlag.path | O_DIRECTORY | O_NOFOLLOW, at: parent.number) }
    guard errno == EEXIST else { throw SystemError(errno, "mkdir \(path) in the container's root") }
    // A symbolic link to nowhere: make what it points to.
    let target = try linkTarget(name, in: parent.number, above: above)
    return try makeDirectories(root, target ?? path, mode: mode, links: links + 1)
  }

  private static func makeFile(_ root: Int32, _ path: String, mode: UInt32, links: Int) throws(SystemError) -> OwnedDescriptor {
    do { return try open(root, path, OpenFlag.path) } catch  where error.number != ENOENT { throw error } catch {}
    let (above, name) = split(path)
    guard !name.isEmpty, links < maxLinks else { throw SystemError(name.isEmpty ? ENOENT : ELOOP, "create \(path)") }
    let parent = try makeDirectories(root, above)
    do {
      return try Files.open(name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, at: parent.number)
    } catch  where error.number != EEXIST { throw error } catch {}
    let target = try linkTarget(name, in: parent.number, above: above)
    return try makeFile(root, target ?? path, mode: mode, links: links + 1)
  }

  /// Where a link leads, as a path in the root; `nil` when the name is no link.
  private static func linkTarget(_ name: String, in parent: Int32, above: String) throws(SystemError) -> String? {
    let target: String
    do { target = try Files.readLink(name, at: parent) } catch  where error.number == EINVAL || error.number == ENOENT { return nil }
    return target.hasPrefix("/") ? target : above + "/" + target
  }

  /// The last component and what is above it; slashes and dots at the end do not count.
  private static func split(_ path: String) -> (above: String, name: String) {
    var bytes = Array(path.utf8)
    while let last = bytes.last, last == 0x2f || (last == 0x2e && (bytes.count == 1 || bytes[bytes.count - 2] == 0x2f)) { bytes.removeLast() }
    var start = bytes.count
    while start > 0 && bytes[start - 1] != 0x2f { start -= 1 }
    return (String(decoding: bytes[..<start], as: UTF8.self), String(decoding: bytes[start...], as: UTF8.self))
  }
}
