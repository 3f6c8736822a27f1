// SPDX-License-Identifier: Apache-2.0
import BuildWire
import Dockerfile
import Errors
import Glibc

import enum LinuxSystem.ExtendedAttributes

/// Walks a build context in the order of names and tells of every file that belongs to it. Nothing is followed.
struct ContextWalk {
  private let root: String
  private let ignore: IgnorePatterns
  /// Only these and what is below them; empty: everything.
  private let includes: Set<String>
  /// The directories above those.
  private let above: Set<String>

  init(root: String, ignore: IgnorePatterns, includes: [String] = []) {
    self.root = root
    self.ignore = ignore
    self.includes = Set(includes.map { Self.relative($0) }.filter { !$0.isEmpty })
    above = self.includes.reduce(into: []) { above, path in
      var path = path
      while let slash = path.lastIndex(of: "/") {
        path = String(path[..<slash])
        guard above.insert(path).inserted else { return }
      }
    }
  }

  /// Gives each file; directories before what is in them.
  func run(_ give: (ListedFile) throws -> Void) throws {
    let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: root, verb: "open", code: errno) }
    try walk(descriptor, "", isIncluded: includes.isEmpty, give)
  }

  /// - Parameters:
  ///   - descriptor: of the directory; is closed here.
  ///   - isIncluded: all that is in the directory may belong to the context.
  private func walk(_ descriptor: Int32, _ directory: String, isIncluded: Bool, _ give: (ListedFile) throws -> Void) throws {
    guard let stream = fdopendir(descriptor) else { throw FileError(path: "\(root)/\(directory)", verb: "read", code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name else { throw HullError(.invalidArgument, "a file in \(root)/\(directory) has a name that is not UTF-8: rename it or ignore it") }
      if name != ".", name != ".." { names.append(name) }
    }
    names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for name in names {
      let path = directory.isEmpty ? name : "\(directory)/\(name)"
      try visit(name, in: descriptor, path, isIncluded: isIncluded || includes.contains(path), give)
    }
  }

  private func visit(
    _ name: String, in descriptor: Int32, _ path: String, isIncluded: Bool, _ give: (ListedFile) throws -> Void
  ) throws {
    let isExcluded = !isIncluded || ignore.excludes(path)
    // Something below a directory that is left out itself may belong to the context.
    if isExcluded, !(isIncluded ? ignore.mayHaveIncludedChild(of: path) : above.contains(path)) { return }
    var info = stat()
    guard fstatat(descriptor, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return }
      throw FileError(path: "\(root)/\(path)", verb: "stat", code: errno)
    }
    if !isExcluded, let file = try ListedFile(info, path, name, in: descriptor, root: root) { try give(file) }
    guard info.st_mode & S_IFMT == S_IFDIR else { return }
    let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inner >= 0 else {
      if errno == ENOENT { return }
      throw FileError(path: "\(root)/\(path)", verb: "open", code: errno)
    }
    try walk(inner, path, isIncluded: isIncluded, give)
  }

  private static func relative(_ path: String) -> String {
    let clean = Paths.clean("/" + path)
    return String(clean.dropFirst())
  }
}

extension ListedFile {
  /// `nil` for a socket or a device, which are in no context.
  fileprivate init?(_ info: stat, _ path: String, _ name: String, in directory: Int32, root: String) throws {
    let kind: Kind
    switch info.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symbolicLink
    case S_IFIFO: kind = .fifo
    default: return nil
    }
    self.init(kind: kind, path: path, mode: info.st_mode & 0o7777)
    size = kind == .regular ? Int64(info.st_size) : 0
    modified = info.st_mtim.nanoseconds
    changed = info.st_ctim.nanoseconds
    inode = UInt64(info.st_ino)
    if kind == .symbolicLink { link = try Self.target(name, in: directory, path: "\(root)/\(path)") }
    if kind == .regular, info.st_mode & 0o111 != 0 { capability = Self.capability("\(root)/\(path)") }
  }

  private static func target(_ name: String, in directory: Int32, path: String) throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlinkat(directory, name, &buffer, buffer.count)
    guard count >= 0 else { throw FileError(path: path, verb: "readlink", code: errno) }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Only programs have capabilities.
  private static func capability(_ path: String) -> [UInt8] { (try? ExtendedAttributes.get(path, "security.capability")) ?? [] }
}
