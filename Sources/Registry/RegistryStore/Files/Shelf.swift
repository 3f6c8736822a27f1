// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem

/// The registry's directory: every change in it is there whole or not at all, and durable when the call returns.
///
/// Paths are relative to the root. Safe to share: it only holds a descriptor that stays open.
final class Shelf: Sendable {
  let root: Int32
  let path: String
  /// What is being written lies here until it is complete; emptied at every start.
  private static let making = "making"

  init(_ path: String) throws(HullError) {
    self.path = path
    root = try DurableFiles.directory(path)
    try makeDirectory(Shelf.making)
    for name in try names(Shelf.making) { try remove("\(Shelf.making)/\(name)") }
  }

  deinit { close(root) }

  /// Writes a small file in place of what was there.
  func put(_ bytes: [UInt8], at path: String) throws(HullError) { try move(try make(bytes), to: path) }

  /// Writes a small file that has no place yet; gives the name by which it can be moved to one.
  func make(_ bytes: [UInt8]) throws(HullError) -> String {
    let name = "\(Shelf.making)/\(DurableFiles.uniqueName(""))"
    try DurableFiles.write(bytes, name: name, in: root)
    return name
  }

  /// Gives a complete, synced file its place; makes the directory when it is missing.
  func move(_ name: String, to path: String) throws(HullError) {
    try inDirectory(of: path) { renameat(root, name, root, path) }
  }

  /// Gives a file a second name. One that is there already is fine.
  /// - Returns: false when the file system does not allow another link to this file.
  func link(_ file: String, as path: String) throws(HullError) -> Bool {
    var refused = false
    try inDirectory(of: path) {
      let result = linkat(root, file, root, path, 0)
      if result == 0 || errno == EEXIST { return 0 }
      if errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP {
        refused = true
        return 0
      }
      return result
    }
    return !refused
  }

  /// Copies a file, for where it cannot be linked.
  func copy(_ file: String, to path: String) throws(HullError) {
    guard let number = try open(file) else { throw HullError(.internalError, "\(file) has gone while it was copied") }
    let source = OwnedDescriptor(number)
    let name = "\(Shelf.making)/\(DurableFiles.uniqueName(""))"
    let target = try step("cannot copy \(file)") { () throws(SystemError) in
      try Files.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: root)
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    let sink = FileSink(target.number, name: path)
    while true {
      let count = try step("cannot copy \(file)") { () throws(SystemError) in
        try checked("read") { Glibc.read(source.number, buffer.baseAddress, buffer.count) }
      }
      if count == 0 { break }
      try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    try DurableFiles.sync(target.number)
    try move(name, to: path)
  }

  /// An empty file as a mark.
  func mark(_ path: String) throws(HullError) {
    try inDirectory(of: path) {
      guard let file = try? Files.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600, at: root) else { return -1 }
      return futimens(file.number, nil)
    }
  }

  /// Removes a file; false when it was not there.
  @discardableResult
  func remove(_ path: String) throws(HullError) -> Bool {
    guard unlinkat(root, path, 0) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return false }
      throw failure("cannot remove", path)
    }
    try sync(directory(of: path))
    return true
  }

  /// Removes a directory and what is in it.
  func removeTree(_ path: String) throws(HullError) {
    let parent = directory(of: path)
    let directory = try step("cannot remove \(path)") { () throws(SystemError) in
      try Files.open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY, at: root)
    }
    let name = path.utf8.dropFirst(parent.isEmpty ? 0 : parent.utf8.count + 1)
    try TreeRemoval.remove(Array(name), in: directory.number)
  }

  /// Removes a directory when it is empty.
  func removeIfEmpty(_ path: String) -> Bool { unlinkat(root, path, AT_REMOVEDIR) == 0 }

  /// The names in a directory; none when it is not there.
  func names(_ path: String) throws(HullError) -> [String] {
    let directory: OwnedDescriptor
    do {
      directory = try Files.open(path, O_RDONLY | O_DIRECTORY, at: root)
    } catch {
      if error.number == ENOENT || error.number == ENOTDIR { return [] }
      throw HullError("cannot read \(path)", error)
    }
    return try DurableFiles.names(directory.number)
  }

  /// Bytes, times and links of a file; nil when it is not there.
  func status(_ path: String) -> stat? { try? Files.status(path, at: root, flags: AT_SYMLINK_NOFOLLOW) }

  /// Opens a file for reading; nil when it is not there. The caller closes it.
  func open(_ path: String) throws(HullError) -> Int32? {
    do {
      return try Files.open(path, O_RDONLY | O_NOFOLLOW, at: root).take()
    } catch {
      if error.number == ENOENT || error.number == ENOTDIR { return nil }
      throw HullError("cannot open \(path)", error)
    }
  }

  /// A whole small file; nil when it is not there.
  func read(_ path: String, limit: Int) throws(HullError) -> [UInt8]? {
    guard let number = try open(path) else { return nil }
    let file = OwnedDescriptor(number)
    return try step("cannot read \(path)") { () throws(SystemError) in try Files.readAll(file.number, limit: limit, name: path) }
  }

  /// Sets a file's time of modification to now.
  func touch(_ path: String) { utimensat(root, path, nil, AT_SYMLINK_NOFOLLOW) }

  /// Makes a directory and those above it, durably.
  func makeDirectory(_ path: String) throws(HullError) {
    if mkdirat(root, path, 0o700) == 0 { return try sync(directory(of: path)) }
    if errno == EEXIST { return }
    guard errno == ENOENT, path.contains("/") else { throw failure("cannot make", path) }
    try makeDirectory(directory(of: path))
    try makeDirectory(path)
  }

  func sync(_ path: String) throws(HullError) {
    let directory = try step("cannot open \(path)") { () throws(SystemError) in
      try Files.open(path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY, at: root)
    }
    try DurableFiles.sync(directory.number)
  }

  /// Does `change` in the directory of `path`, which is made when it is missing, and writes the directory out.
  private func inDirectory(of path: String, _ change: () -> Int32) throws(HullError) {
    let directory = directory(of: path)
    // An empty directory may be cleared away between its making and its use.
    for _ in 0..<8 {
      if change() == 0 { return try sync(directory) }
      guard errno == ENOENT, status(directory) == nil else { break }
      try makeDirectory(directory)
    }
    throw failure("cannot make", path)
  }

  private func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[..<slash])
  }

  private func failure(_ what: String, _ path: String) -> HullError {
    let number = errno
    let code: HullError.Code = number == ENOSPC || number == EDQUOT ? .tooLarge : .internalError
    return HullError("\(what) \(path) in \(self.path)", SystemError(number, "registry"), code: code)
  }
}
