// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Reads the lines of a log that is rotated while it is read: `path` is the newest file, `path.1` the one before, …
///
/// Used by one task at a time; blocking.
final class LogFile {
  private let path: String
  private var descriptor: Int32 = -1
  private var buffer: [UInt8] = []
  private var start = 0
  private static let chunk = 64 << 10

  init(path: String) { self.path = path }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Goes to the beginning of the oldest file that is there.
  func rewind() { open(rotated().last ?? path, at: 0) }

  /// Goes to where the last `count` lines of all files begin.
  func seekToLast(_ count: Int) throws(HullError) {
    var missing = count
    for file in [path] + rotated() {
      let lines = try LogTail.position(of: missing, in: file)
      missing -= lines.found
      if missing == 0 || file == rotated().last ?? path {
        open(file, at: lines.offset)
        return
      }
    }
  }

  /// The next line without its newline; `nil` when there is no whole line yet.
  func nextLine() throws(HullError) -> ArraySlice<UInt8>? {
    while true {
      if let end = buffer[start...].firstIndex(of: 0x0A) {
        defer { start = end + 1 }
        return buffer[start..<end]
      }
      guard try fill() else { return nil }
    }
  }

  /// Reads more. When the file is at its end and has a successor, goes on with that.
  private func fill() throws(HullError) -> Bool {
    if start > 0 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    guard descriptor >= 0 else {
      open(path, at: 0)
      return descriptor >= 0 ? try fill() : false
    }
    // Looked up before reading: what is written to this file is written before its successor is there.
    let successor = self.successor()
    let count = try read()
    if count > 0 { return true }
    guard let successor else { return false }
    buffer = []
    open(successor, at: 0)
    return descriptor >= 0 ? try fill() : false
  }

  private func read() throws(HullError) -> Int {
    let old = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: LogFile.chunk))
    var count = -1
    repeat {
      count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + old, LogFile.chunk) }
    } while count < 0 && errno == EINTR
    buffer.removeSubrange((old + max(0, count))...)
    guard count >= 0 else { throw HostFiles.failure("read", path) }
    return count
  }

  private func open(_ file: String, at offset: Int64) {
    if descriptor >= 0 { close(descriptor) }
    descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 { lseek(descriptor, Int(offset), SEEK_SET) }
  }

  /// The rotated files, newest first.
  private func rotated() -> [String] {
    var files: [String] = []
    while HostFiles.exists("\(path).\(files.count + 1)") { files.append("\(path).\(files.count + 1)") }
    return files
  }

  /// The file written after the open one; `nil` when the open one is the newest.
  private func successor() -> String? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    let files = [path] + rotated()
    let position = files.firstIndex { file in
      var other = stat()
      return stat(file, &other) == 0 && other.st_ino == status.st_ino && other.st_dev == status.st_dev
    }
    switch position {
    case 0: return nil
    case .some(let index): return files[index - 1]
    // The open file is gone: all that is left is newer. Between the two renames of a rotation the newest has no name.
    case nil: return HostFiles.exists(path) ? files.last : nil
    }
  }
}

/// Finds the beginning of a file's last lines without reading the file from its beginning.
enum LogTail {
  private static let block = 16 << 10

  /// Where the last `count` lines begin, and how many there are when the file has fewer. A file that is not there has none.
  static func position(of count: Int, in path: String) throws(HullError) -> (offset: Int64, found: Int) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return (0, 0) }
      throw HostFiles.failure("open", path)
    }
    defer { close(descriptor) }
    var end = Int64(lseek(descriptor, 0, SEEK_END))
    if count == 0 { return (end, 0) }
    var found = -1  // the newline that ends the last line does not begin one
    var bytes = [UInt8](repeating: 0, count: block)
    while end > 0 {
      let size = Int(min(Int64(block), end))
      guard pread(descriptor, &bytes, size, Int(end) - size) == size else { throw HostFiles.failure("read", path) }
      for index in stride(from: size - 1, through: 0, by: -1) where bytes[index] == 0x0A {
        found += 1
        if found == count { return (end - Int64(size) + Int64(index) + 1, count) }
      }
      end -= Int64(size)
    }
    return (0, found + (found >= 0 ? 1 : 0))
  }
}
