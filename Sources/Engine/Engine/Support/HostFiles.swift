// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc

/// Small blocking file operations with errors that name the path.
enum HostFiles {
  /// Makes a directory with all its parents; one that is there is fine.
  static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws(HullError) {
    if mkdir(path, mode) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw failure("make directory", path) }
    try makeDirectories(String(path[..<slash]), mode: mode)
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("make directory", path) }
  }

  static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(HullError) {
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("make directory", path) }
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Replaces a file's content.
  static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws(HullError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw failure("write", path) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure("write", path) }
      rest = rest.dropFirst(count)
    }
  }

  /// A file's content up to `limit` bytes; `nil` when it cannot be read.
  static func read(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while bytes.count < limit {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return bytes
  }

  static func text(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

  /// The names in a directory, sorted; none when there is no such directory.
  static func names(in path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  static func rename(_ old: String, to new: String) throws(HullError) {
    guard Glibc.rename(old, new) == 0 else { throw failure("rename", old) }
  }

  static func remove(_ path: String) throws(HullError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
  }

  static func removeEmptyDirectory(_ path: String) throws(HullError) {
    guard rmdir(path) == 0 || errno == ENOENT else { throw failure("remove", path) }
  }

  /// Removes a path and, when it is a directory, all below it; nothing there is fine. No symbolic link is followed.
  static func removeTree(_ path: String) throws(HullError) {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    try inDirectory(String(path[..<slash])) { (directory) throws(HullError) in
      try TreeRemoval.remove(Array(path[slash...].dropFirst().utf8), in: directory)
    }
  }

  /// Removes all that is in a directory and leaves the directory itself; nothing there is fine.
  static func removeContents(of path: String) throws(HullError) {
    try inDirectory(path) { (directory) throws(HullError) in
      for name in DirectoryListing.names(directory) ?? [] { try TreeRemoval.remove(name, in: directory) }
    }
  }

  private static func inDirectory(_ path: String, _ body: (Int32) throws(HullError) -> Void) throws(HullError) {
    let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else {
      if errno == ENOENT { return }
      throw failure("open", path)
    }
    defer { close(directory) }
    try body(directory)
  }

  static func failure(_ action: String, _ path: String) -> HullError {
    HullError(.internalError, "cannot \(action) \(path): \(String(cString: strerror(errno)))")
  }
}
