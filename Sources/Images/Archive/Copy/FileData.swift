// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Copies regular files: by sharing their blocks where the file system can, otherwise inside the kernel where it can, holes as holes.
final class FileData {
  private(set) var files = 0
  private(set) var shared = 0
  /// Until the file system has said that it cannot.
  private var shares = true
  private var copiesInKernel = true
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)

  deinit { buffer.deallocate() }

  // linux/fs.h; the C library hides them from Swift.
  private static let seekData: Int32 = 3
  private static let seekHole: Int32 = 4

  /// Copies the file `name` of one directory into another, which has nothing of that name. One that has gone is left out.
  func copy(_ name: [UInt8], from: Int32, to: Int32, shown: String) throws(HullError) {
    let source = FileCalls.open(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    if source < 0, errno == ENOENT || errno == ELOOP { return }
    guard source >= 0 else { throw systemFailure("cannot read \(shown)") }
    defer { close(source) }
    var status = stat()
    guard fstat(source, &status) == 0 else { throw systemFailure("cannot read \(shown)") }
    // Something else has taken its name since it was listed.
    guard status.isRegular else { return }
    let target = FileCalls.open(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    guard target >= 0 else { throw systemFailure("cannot create \(shown)") }
    defer { close(target) }
    files += 1
    if share(source, target) { shared += 1 } else { try copyData(source, target, Int64(status.st_size), shown) }
    try FileDress.copy(from: source, to: target, shown: shown)
  }

  private func share(_ source: Int32, _ target: Int32) -> Bool {
    guard shares else { return false }
    if hull_clone_file(target, source) == 0 { return true }
    if [EOPNOTSUPP, EXDEV, ENOTTY, EINVAL, ENOSYS].contains(errno) { shares = false }
    return false
  }

  private func copyData(_ source: Int32, _ target: Int32, _ size: Int64, _ shown: String) throws(HullError) {
    var offset: Int64 = 0
    while offset < size {
      // ENXIO: only a hole is left. A file system without holes says EINVAL.
      let data = Int64(lseek(source, off_t(offset), Self.seekData))
      if data < 0, errno == ENXIO { break }
      let start = data < 0 ? offset : data
      let hole = data < 0 ? -1 : Int64(lseek(source, off_t(start), Self.seekHole))
      let end = hole < 0 ? size : min(hole, size)
      guard start < end else { break }
      try copyRange(source, target, start, end, shown)
      offset = end
    }
    guard ftruncate(target, off_t(size)) == 0 else { throw systemFailure("cannot set the size of \(shown)") }
  }

  private func copyRange(_ source: Int32, _ target: Int32, _ start: Int64, _ end: Int64, _ shown: String) throws(HullError) {
    var offset = start
    while offset < end {
      let count = copyInKernel(source, target, offset, end) ?? copyByHand(source, target, offset, end)
      guard count >= 0 else { throw systemFailure("cannot copy \(shown)") }
      // It has become shorter.
      if count == 0 { return }
      offset += Int64(count)
    }
  }

  /// `nil`: these two file systems cannot.
  private func copyInKernel(_ source: Int32, _ target: Int32, _ offset: Int64, _ end: Int64) -> Int? {
    guard copiesInKernel else { return nil }
    let count = uninterrupted { hull_copy_range(source, target, offset, Int(end - offset)) }
    if count >= 0 || ![EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EBADF].contains(errno) { return count }
    copiesInKernel = false
    return nil
  }

  private func copyByHand(_ source: Int32, _ target: Int32, _ offset: Int64, _ end: Int64) -> Int {
    let count = uninterrupted { pread(source, buffer.baseAddress, min(buffer.count, Int(end - offset)), off_t(offset)) }
    var written = 0
    while written < count {
      let more = uninterrupted { pwrite(target, buffer.baseAddress! + written, count - written, off_t(offset) + off_t(written)) }
      if more < 0 { return -1 }
      written += more
    }
    return count
  }
}

/// Owner, mode, extended attributes and times.
enum FileDress {
  /// From one open file or directory to another; in this order, because a change of owner takes set-ID bits and capabilities away.
  static func copy(from source: Int32, to target: Int32, shown: String) throws(HullError) {
    var status = stat()
    guard fstat(source, &status) == 0, fchown(target, status.st_uid, status.st_gid) == 0, fchmod(target, status.st_mode & 0o7777) == 0 else {
      throw systemFailure("cannot set owner and mode of \(shown)")
    }
    for attribute in AttributeReader.attributes(of: source, all: true) where FileCalls.setAttribute(target, attribute) != 0 {
      throw systemFailure("cannot set an extended attribute of \(shown)")
    }
    FileCalls.setTimes(target, status.st_atim, status.st_mtim)
  }
}

/// Where symbolic links lead.
enum LinkReader {
  /// As it is written in the link; `nil` when there is none of that name.
  static func target(of name: [UInt8], in directory: Int32) -> [UInt8]? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = FileCalls.named(name) { name in target.withUnsafeMutableBufferPointer { readlinkat(directory, name, $0.baseAddress!, $0.count) } }
    return count < 0 ? nil : target.prefix(count).map { UInt8(bitPattern: $0) }
  }
}
