// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// One file below a root, by a path that is bytes; no link is followed on the way. Blocking.
package struct TreeFile {
  package let root: Int32
  package let path: [UInt8]

  /// - Parameter root: a directory's descriptor; stays the caller's.
  package init(_ root: Int32, _ path: [UInt8]) {
    self.root = root
    self.path = path
  }

  private var shown: String { quoted(String(decoding: path, as: UTF8.self)) }

  /// Opens a regular file or directory for reading; the caller closes it.
  package func open() throws(HullError) -> Int32 {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    let fd = FileCalls.open(root, path, flags, resolve: Resolve.beneath | Resolve.noSymbolicLinks | Resolve.noMagicLinks)
    guard fd >= 0 else { throw systemFailure("cannot read \(shown)") }
    return fd
  }

  /// Where a symbolic link leads.
  package func linkTarget() throws(HullError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = FileCalls.named(path) { path in
      buffer.withUnsafeMutableBytes { readlinkat(root, path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count) }
    }
    guard count >= 0 else { throw systemFailure("cannot read the link \(shown)") }
    return Array(buffer[..<count])
  }
}

/// Compares what two open files are beside their names. Blocking.
package enum FileComparison {
  private static let block = 1 << 18

  /// Whether two regular files of the same size hold the same bytes.
  package static func haveSameContent(_ first: Int32, _ second: Int32) throws(HullError) -> Bool {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block * 2, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: off_t = 0
    while true {
      let (left, right) = (UnsafeMutableRawBufferPointer(rebasing: buffer[..<block]), UnsafeMutableRawBufferPointer(rebasing: buffer[block...]))
      let count = try fill(left, from: first, at: offset)
      guard try fill(right, from: second, at: offset) == count else { return false }
      if count == 0 { return true }
      guard memcmp(left.baseAddress!, right.baseAddress!, count) == 0 else { return false }
      offset += off_t(count)
    }
  }

  /// Whether they have the same extended attributes; those of overlayfs itself do not count.
  package static func haveSameAttributes(_ first: Int32, _ second: Int32) throws(HullError) -> Bool { try attributes(first) == attributes(second) }

  private static func attributes(_ fd: Int32) throws(HullError) -> [String: [UInt8]] {
    try step("cannot read extended attributes") { () throws(SystemError) in
      var attributes: [String: [UInt8]] = [:]
      for name in try ExtendedAttributes.names(fd) where !FileCalls.isOverlay(Array(name.utf8)) {
        attributes[name] = try ExtendedAttributes.get(fd, name)
      }
      return attributes
    }
  }

  /// As much as there is, up to the buffer's size.
  private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from fd: Int32, at offset: off_t) throws(HullError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = uninterrupted { pread(fd, buffer.baseAddress! + done, buffer.count - done, offset + off_t(done)) }
      guard count >= 0 else { throw systemFailure("cannot read a file") }
      if count == 0 { break }
      done += count
    }
    return done
  }
}
