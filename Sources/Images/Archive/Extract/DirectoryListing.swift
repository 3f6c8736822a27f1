// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// The names in a directory.
package enum DirectoryListing {
  /// All but `.` and `..`, in no order; `nil` with errno set when it cannot be read.
  /// - Parameter limit: at most so many.
  package static func names(_ directory: Int32, limit: Int = .max) -> [[UInt8]]? {
    let fd = FileCalls.open(directory, [UInt8(ascii: ".")], O_RDONLY | O_DIRECTORY)
    guard fd >= 0 else { return nil }
    guard let stream = fdopendir(fd) else {
      close(fd)
      return nil
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while names.count < limit, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [UInt8(ascii: ".")], name != Array("..".utf8) { names.append(name) }
    }
    return names
  }

  /// The status of what `path` names below `root`, no link followed anywhere; `nil` when there is no such thing.
  package static func status(_ root: Int32, _ path: [UInt8]) -> stat? {
    guard let place = EntryPath(path) else { return nil }
    let parent = open(root, place.parent)
    guard parent >= 0 else { return nil }
    defer { close(parent) }
    return FileCalls.status(parent, place.isRoot ? [UInt8(ascii: ".")] : place.leaf)
  }

  /// The names in a directory below `root`, and whether it is opaque for overlayfs; `nil` when it cannot be read.
  package static func contents(_ root: Int32, _ path: [UInt8]) -> (names: [[UInt8]], opaque: Bool)? {
    let fd = open(root, path)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    guard let names = names(fd) else { return nil }
    return (names, isOpaque(fd))
  }

  /// One name in a directory, and what it stands for; no link is followed.
  package struct Entry {
    package let name: [UInt8]
    package let status: stat
  }

  /// Everything in a directory below `root`, in no order, and whether it is opaque for overlayfs; `nil` when it cannot be read. What goes away
  /// meanwhile is left out.
  package static func entries(_ root: Int32, _ path: [UInt8]) -> (entries: [Entry], opaque: Bool)? {
    let fd = open(root, path)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    guard let names = names(fd) else { return nil }
    return (names.compactMap { name in FileCalls.status(fd, name).map { Entry(name: name, status: $0) } }, isOpaque(fd))
  }

  static func isOpaque(_ fd: Int32) -> Bool {
    var value: UInt8 = 0
    return fgetxattr(fd, FileCalls.opaque, &value, 1) == 1 && value == UInt8(ascii: "y")
  }

  private static func open(_ root: Int32, _ path: [UInt8]) -> Int32 {
    FileCalls.open(root, path, O_RDONLY | O_DIRECTORY, resolve: Resolve.beneath | Resolve.noSymbolicLinks | Resolve.noMagicLinks)
  }
}
