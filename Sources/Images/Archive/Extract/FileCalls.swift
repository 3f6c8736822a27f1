// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// System calls on names that are bytes: what an archive or a directory holds need not be UTF-8. All return -1 and set errno on failure.
enum FileCalls {
  /// Overlayfs's own attributes, which no archive may set or show.
  static let overlayPrefixes = [Array("trusted.overlay.".utf8), Array("user.overlay.".utf8)]
  static let opaque = "trusted.overlay.opaque"

  static func isOverlay(_ attribute: [UInt8]) -> Bool { overlayPrefixes.contains { attribute.starts(with: $0) } }

  /// `name` for C: ends with a zero.
  @inline(__always)
  static func named<Result>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { buffer in
      for (index, byte) in name.enumerated() { buffer[index] = CChar(bitPattern: byte) }
      buffer[name.count] = 0
      return body(UnsafePointer(buffer.baseAddress!))
    }
  }

  static func open(_ directory: Int32, _ name: [UInt8], _ flags: Int32, mode: UInt32 = 0) -> Int32 {
    named(name) { name in uninterrupted { hull_openat(directory, name, flags | O_CLOEXEC, mode) } }
  }

  /// openat2(2); EAGAIN (a rename raced with the walk) is tried again.
  static func open(_ root: Int32, _ path: [UInt8], _ flags: Int32, resolve: UInt64) -> Int32 {
    named(path.isEmpty ? [UInt8(ascii: ".")] : path) { path in
      for _ in 0..<128 {
        let fd = uninterrupted { hull_openat2(root, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), 0, resolve) }
        if fd >= 0 || errno != EAGAIN { return fd }
      }
      return -1
    }
  }

  static func status(_ directory: Int32, _ name: [UInt8]) -> stat? {
    var status = stat()
    return named(name) { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
  }

  static func makeDirectory(_ directory: Int32, _ name: [UInt8], _ mode: UInt32) -> Int32 { named(name) { mkdirat(directory, $0, mode) } }

  static func makeNode(_ directory: Int32, _ name: [UInt8], _ mode: UInt32, _ device: dev_t = 0) -> Int32 {
    named(name) { mknodat(directory, $0, mode, device) }
  }

  static func makeLink(_ target: [UInt8], _ directory: Int32, _ name: [UInt8]) -> Int32 {
    named(target) { target in named(name) { symlinkat(target, directory, $0) } }
  }

  static func unlink(_ directory: Int32, _ name: [UInt8], _ flags: Int32 = 0) -> Int32 { named(name) { unlinkat(directory, $0, flags) } }

  static func setTimes(_ fd: Int32, _ access: timespec, _ modified: timespec) {
    withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
      times[0] = access
      times[1] = modified
      _ = futimens(fd, times.baseAddress)
    }
  }

  static func setTimes(_ directory: Int32, _ name: [UInt8], _ modified: timespec) { setTimes(directory, name, modified, modified) }

  static func setTimes(_ directory: Int32, _ name: [UInt8], _ access: timespec, _ modified: timespec) {
    withUnsafeTemporaryAllocation(of: timespec.self, capacity: 2) { times in
      times[0] = access
      times[1] = modified
      _ = named(name) { utimensat(directory, $0, times.baseAddress, AT_SYMLINK_NOFOLLOW) }
    }
  }

  /// The attribute of something that cannot be opened: a link, a device, a pipe.
  static func setAttribute(_ directory: Int32, _ name: [UInt8], _ attribute: TarEntry.Attribute) -> Int32 {
    named(Array(Files.path(of: directory).utf8) + [UInt8(ascii: "/")] + name) { path in
      named(attribute.name) { key in attribute.value.withUnsafeBytes { lsetxattr(path, key, $0.baseAddress, $0.count, 0) } }
    }
  }

  static func setAttribute(_ fd: Int32, _ attribute: TarEntry.Attribute) -> Int32 {
    named(attribute.name) { key in attribute.value.withUnsafeBytes { fsetxattr(fd, key, $0.baseAddress, $0.count, 0) } }
  }
}

extension TarEntry.Time {
  /// Within what file systems store (a 34-bit count of seconds), as for a hostile archive's year 10^12.
  var timespec: timespec {
    Glibc.timespec(tv_sec: Int(min(max(seconds, -(1 << 31)), 1 << 33)), tv_nsec: Int(min(max(nanoseconds, 0), 999_999_999)))
  }
}

extension stat {
  /// Overlayfs's mark for "not there any more".
  package var isWhiteout: Bool { isCharacterDevice && st_rdev == 0 }
}
