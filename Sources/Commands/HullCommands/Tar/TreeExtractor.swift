// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Writes archive entries below a directory. No component of an entry's name is followed when it is a symbolic link:
/// whatever the archive says, nothing outside the directory is touched.
struct TreeExtractor {
  private let root: Int32
  private let rootPath: String
  /// Directories get their times when everything in them is there.
  private var directories: [(name: String, mode: UInt32, modified: Int)] = []
  private(set) var contentSize = 0

  init(into path: String) throws {
    rootPath = path
    root = open(path, GNU.openPath | O_DIRECTORY | O_CLOEXEC)
    guard root >= 0 else { throw FileError(path: path, verb: "open", code: errno) }
  }

  /// Reads the whole archive; `rename` gives each entry (and hard link target) its name below the directory, `nil` leaves it out.
  mutating func extract(_ reader: inout TarReader, rename: (String) -> String?) throws {
    defer { close(root) }
    while let entry = try reader.next() {
      guard let name = rename(entry.name) else { continue }
      try write(entry, try Self.components(name, entry.name), &reader, rename)
    }
    for (name, mode, modified) in directories.reversed() { try finish(name, mode, modified) }
  }

  private static func components(_ name: String, _ original: String) throws -> [String] {
    let parts = name.split(separator: "/").filter { $0 != "." }.map(String.init)
    guard !parts.contains(".."), !name.contains("\u{0}") else {
      throw HullError(.invalidArgument, "archive entry \(original) leads outside the destination")
    }
    return parts
  }

  /// A descriptor of the directory that holds the last component; missing ones are made.
  private func parent(_ parts: [String]) throws -> Int32 {
    var current = dup(root)
    for part in parts.dropLast() {
      if mkdirat(current, part, 0o755) != 0, errno != EEXIST { throw fail(parts, "mkdir") }
      let next = openat(current, part, GNU.openPath | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      let code = errno
      close(current)
      guard next >= 0 else {
        throw HullError(.invalidArgument, "\(rootPath)/\(parts.joined(separator: "/")): \(part) is not a directory: \(errorText(code))")
      }
      current = next
    }
    return current
  }

  private func fail(_ parts: [String], _ verb: String) -> FileError {
    FileError(path: "\(rootPath)/\(parts.joined(separator: "/"))", verb: verb, code: errno)
  }

  private mutating func write(_ entry: TarEntry, _ parts: [String], _ reader: inout TarReader, _ rename: (String) -> String?) throws {
    guard let name = parts.last else {
      directories.append((".", entry.mode, entry.modified))
      return
    }
    let directory = try parent(parts)
    defer { close(directory) }
    var existing = stat()
    let exists = fstatat(directory, name, &existing, AT_SYMLINK_NOFOLLOW) == 0
    let isDirectory = exists && existing.st_mode & S_IFMT == S_IFDIR
    if isDirectory, entry.kind != .directory {
      throw HullError(.conflict, "cannot overwrite directory \"\(rootPath)/\(parts.joined(separator: "/"))\" with non-directory")
    }
    if exists, !isDirectory {
      if entry.kind == .directory {
        throw HullError(.conflict, "cannot overwrite non-directory \"\(rootPath)/\(parts.joined(separator: "/"))\" with directory")
      }
      guard unlinkat(directory, name, 0) == 0 else { throw fail(parts, "unlink") }
    }
    try make(entry, name, parts, directory, isDirectory, &reader, rename)
  }

  private mutating func make(
    _ entry: TarEntry, _ name: String, _ parts: [String], _ directory: Int32, _ isDirectory: Bool, _ reader: inout TarReader,
    _ rename: (String) -> String?
  ) throws {
    switch entry.kind {
    case .directory:
      if !isDirectory, mkdirat(directory, name, 0o700) != 0 { throw fail(parts, "mkdir") }
      directories.append((parts.joined(separator: "/"), entry.mode, entry.modified))
    case .file: try file(entry, name, parts, directory, &reader)
    case .symbolicLink:
      guard symlinkat(entry.link, directory, name) == 0 else { throw fail(parts, "symlink") }
      setTime(directory, name, entry.modified)
    case .hardLink:
      guard let target = rename(entry.link) else {
        throw HullError(.invalidArgument, "archive entry \(entry.name) links to \(entry.link), which is not part of it")
      }
      let source = try Self.components(target, entry.name)
      let holder = try parent(source)
      defer { close(holder) }
      guard let last = source.last, linkat(holder, last, directory, name, 0) == 0 else { throw fail(parts, "link") }
    case .fifo:
      guard mkfifoat(directory, name, entry.mode & 0o777) == 0 else { throw fail(parts, "mkfifo") }
    case .characterDevice, .blockDevice:
      let kind = entry.kind == .characterDevice ? S_IFCHR : S_IFBLK
      guard mknodat(directory, name, kind | mode_t(entry.mode & 0o777), dev_t(GNU.device(entry.major, entry.minor))) == 0 else {
        throw fail(parts, "mknod")
      }
    }
  }

  private mutating func file(_ entry: TarEntry, _ name: String, _ parts: [String], _ directory: Int32, _ reader: inout TarReader) throws {
    let descriptor = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw fail(parts, "open") }
    defer { close(descriptor) }
    while case let bytes = try reader.data(), !bytes.isEmpty {
      guard Output.writeAll(descriptor, bytes) else { throw fail(parts, "write") }
      contentSize += bytes.count
    }
    guard fchmod(descriptor, mode_t(entry.mode & 0o7777)) == 0 else { throw fail(parts, "chmod") }
    var times = [timespec(tv_sec: entry.modified, tv_nsec: 0), timespec(tv_sec: entry.modified, tv_nsec: 0)]
    futimens(descriptor, &times)
  }

  private func setTime(_ directory: Int32, _ name: String, _ modified: Int) {
    var times = [timespec(tv_sec: modified, tv_nsec: 0), timespec(tv_sec: modified, tv_nsec: 0)]
    utimensat(directory, name, &times, AT_SYMLINK_NOFOLLOW)
  }

  private func finish(_ name: String, _ mode: UInt32, _ modified: Int) throws {
    let parts = name.split(separator: "/").map(String.init)
    let directory = try parent(parts)
    defer { close(directory) }
    let descriptor = openat(directory, parts.last ?? ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    fchmod(descriptor, mode_t(mode & 0o7777))
    var times = [timespec(tv_sec: modified, tv_nsec: 0), timespec(tv_sec: modified, tv_nsec: 0)]
    futimens(descriptor, &times)
  }
}
