// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Runs system calls whose own words say enough: `open /x: no such file or directory`. A missing file is `notFound`.
@discardableResult
func system<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(HullError) -> Result {
  do { return try body() } catch { throw HullError(error.number == ENOENT ? .notFound : .internalError, error.description) }
}

/// Files of the runtime's own.
enum StateFiles {
  /// All of a file; `-` is standard input.
  static func read(_ path: String) throws(HullError) -> [UInt8] {
    let limit = 16 << 20
    return try system { () throws(SystemError) in try path == "-" ? Files.readAll(0, limit: limit, name: path) : Files.read(path, limit: limit) }
  }

  /// Replaces a file in one step: nobody sees a half of it.
  static func replace(_ path: String, with bytes: [UInt8], mode: UInt32 = 0o600) throws(HullError) {
    let (directory, name) = split(path)
    let temporary = "\(directory)/.\(name).\(getpid())"
    unlink(temporary)
    do throws(HullError) {
      try system { () throws(SystemError) in
        let file = try Files.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        try Files.writeAll(file.number, bytes, name: temporary)
        try checked("rename \(path)") { rename(temporary, path) }
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The names in a directory, without `.` and `..`.
  static func names(in directory: String) throws(HullError) -> [String] {
    guard let stream = opendir(directory) else {
      let number = errno
      return try system { () throws(SystemError) in throw SystemError(number, "open \(directory)") }
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The path from the root on; links are not resolved.
  static func absolute(_ path: String) throws(HullError) -> String {
    if path.hasPrefix("/") { return path }
    guard let directory = getcwd(nil, 0) else { throw HullError(.internalError, "getcwd: \(errorText(errno))") }
    defer { free(directory) }
    return String(cString: directory) + (path.isEmpty || path == "." ? "" : "/" + path)
  }

  /// The path without symbolic links.
  static func resolved(_ path: String) throws(HullError) -> String {
    guard let real = realpath(path, nil) else {
      let number = errno
      return try system { () throws(SystemError) in throw SystemError(number, "stat \(path)") }
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// Writes to a stream that may be gone: whoever closed it did not want the rest.
  static func print(_ bytes: [UInt8], to descriptor: Int32 = 1) { try? Files.writeAll(descriptor, bytes) }
}
