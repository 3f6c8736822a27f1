// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// Looks things up in a stack of unpacked layers without mounting it.
enum LowerLayers {
  /// Fills in owner, mode, time and attributes of the directory that `entry.path` names, from the topmost layer that has it.
  /// - Returns: whether there is one.
  static func fill(_ entry: inout TarEntry, from layers: [String]) -> Bool {
    for layer in layers {
      let root = hullOpen(layer)
      guard root >= 0 else { return false }
      defer { close(root) }
      let fd = FileCalls.open(root, entry.path, O_RDONLY | O_DIRECTORY, resolve: Resolve.beneath | Resolve.noSymbolicLinks)
      if fd < 0, errno == ENOENT { continue }
      guard fd >= 0 else { return false }
      defer { close(fd) }
      return fill(&entry, fromDirectory: fd)
    }
    return false
  }

  private static func fill(_ entry: inout TarEntry, fromDirectory fd: Int32) -> Bool {
    var status = stat()
    guard fstat(fd, &status) == 0 else { return false }
    entry.mode = status.st_mode & 0o7777
    (entry.uid, entry.gid) = (status.st_uid, status.st_gid)
    entry.modified = TarEntry.Time(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    entry.attributes = AttributeReader.attributes(of: fd)
    return true
  }

  private static func hullOpen(_ path: String) -> Int32 { FileCalls.open(AT_FDCWD, Array(path.utf8), O_RDONLY | O_DIRECTORY) }
}

/// Reads extended attributes, `all` or without overlayfs's own.
enum AttributeReader {
  static func attributes(of fd: Int32, all: Bool = false) -> [TarEntry.Attribute] {
    collect(all, list: { flistxattr(fd, $0, $1) }, value: { fgetxattr(fd, $0, $1, $2) })
  }

  /// Of something that cannot be opened.
  static func attributes(of name: [UInt8], in directory: Int32, all: Bool = false) -> [TarEntry.Attribute] {
    FileCalls.named(Array(Files.path(of: directory).utf8) + [UInt8(ascii: "/")] + name) { path in
      collect(all, list: { llistxattr(path, $0, $1) }, value: { lgetxattr(path, $0, $1, $2) })
    }
  }

  private static func collect(
    _ all: Bool, list: (UnsafeMutablePointer<CChar>?, Int) -> Int, value: (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
  ) -> [TarEntry.Attribute] {
    let size = list(nil, 0)
    guard size > 0 else { return [] }
    var names = [CChar](repeating: 0, count: size)
    let count = names.withUnsafeMutableBufferPointer { list($0.baseAddress, $0.count) }
    guard count > 0 else { return [] }
    return names[..<count].split(separator: 0).compactMap { part in
      let name = part.map { UInt8(bitPattern: $0) }
      guard all || !FileCalls.isOverlay(name) else { return nil }
      return FileCalls.named(name) { key in
        var content = [UInt8](repeating: 0, count: 64 << 10)
        let length = content.withUnsafeMutableBytes { value(key, $0.baseAddress, $0.count) }
        return length < 0 ? nil : TarEntry.Attribute(name: name, value: Array(content.prefix(length)))
      }
    }
  }
}
