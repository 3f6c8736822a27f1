// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Part of a local file system as a tar stream, a piece at a time.
final class TreeArchive {
  /// What is still to be written: the path on disk and the name in the archive, the next one last.
  private var waiting: [(path: String, name: String)]
  private var file: (descriptor: Int32, path: String, left: Int, size: Int)?
  private var linked: [UInt64: String] = [:]
  private var ended = false
  /// Bytes of regular files so far.
  private(set) var contentSize = 0

  /// `name`: what the root of the tree is called in the archive; "." for its contents alone.
  init(path: String, name: String) { waiting = [(path, name)] }

  deinit { if let file { close(file.descriptor) } }

  /// The next bytes; empty at the end.
  func read() throws -> [UInt8] {
    if let file { return try piece(of: file) }
    guard let (path, name) = waiting.popLast() else {
      if ended { return [] }
      ended = true
      return TarFormat.end
    }
    return try header(path, name)
  }

  private func header(_ path: String, _ name: String) throws -> [UInt8] {
    var info = stat()
    guard lstat(path, &info) == 0 else { throw FileError(path: path, verb: "lstat", code: errno) }
    guard let kind = Self.kind(info.st_mode) else { return try read() }
    var entry = TarEntry(
      name: name, kind: kind, mode: UInt32(info.st_mode) & 0o7777, uid: info.st_uid, gid: info.st_gid, modified: info.st_mtim.tv_sec)
    switch kind {
    case .directory:
      entry.name += "/"
      for child in try Self.children(path).reversed() { waiting.append((path + "/" + child, name == "." ? child : name + "/" + child)) }
    case .symbolicLink: entry.link = try Self.target(path)
    case .characterDevice, .blockDevice: (entry.major, entry.minor) = Self.device(info.st_rdev)
    case .file:
      let identity = UInt64(info.st_ino) ^ UInt64(info.st_dev) << 48
      if info.st_nlink > 1, let earlier = linked[identity] {
        (entry.kind, entry.link) = (.hardLink, earlier)
      } else {
        if info.st_nlink > 1 { linked[identity] = name }
        entry.size = Int(info.st_size)
        try begin(path, entry.size)
      }
    default: break
    }
    return TarFormat.header(entry)
  }

  private func begin(_ path: String, _ size: Int) throws {
    guard size > 0 else { return }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
    file = (descriptor, path, size, size)
    contentSize += size
  }

  private func piece(of current: (descriptor: Int32, path: String, left: Int, size: Int)) throws -> [UInt8] {
    let bytes = try Files.readSome(current.descriptor, path: current.path, limit: min(current.left, 262144))
    guard !bytes.isEmpty else { throw HullError(.conflict, "\(current.path) became shorter while it was read") }
    let left = current.left - bytes.count
    if left > 0 {
      file?.left = left
      return bytes
    }
    close(current.descriptor)
    file = nil
    return bytes + TarFormat.padding(current.size)
  }

  private static func kind(_ mode: mode_t) -> TarEntry.Kind? {
    switch mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    case S_IFLNK: .symbolicLink
    case S_IFCHR: .characterDevice
    case S_IFBLK: .blockDevice
    case S_IFIFO: .fifo
    default: nil
    }
  }

  private static func device(_ number: dev_t) -> (UInt32, UInt32) { (GNU.major(UInt64(number)), GNU.minor(UInt64(number))) }

  static func children(_ path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw FileError(path: path, verb: "open", code: errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  static func target(_ path: String) throws -> String {
    var buffer = [UInt8](repeating: 0, count: 4097)
    let count = buffer.withUnsafeMutableBytes { $0.baseAddress.map { readlink(path, $0, 4096) } ?? -1 }
    guard count >= 0 else { throw FileError(path: path, verb: "readlink", code: errno) }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }
}
