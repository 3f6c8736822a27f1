// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// One daemon per directory: a lock that the kernel releases when its holder ends, however it ends.
struct DirectoryLock: Sendable {
  private let descriptor: Int32

  /// Makes the directory when it is missing. Throws `conflict`, naming the holder, when another daemon uses it.
  init(_ directory: String, option: String) throws(HullError) {
    try Self.makeDirectory(directory)
    let path = directory + "/hulld.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw HullError(.internalError, "cannot open \(path): \(Self.reason())") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = Self.content(descriptor)
      close(descriptor)
      throw HullError(
        .conflict,
        "another hulld\(holder.isEmpty ? "" : " (process \(holder))") uses \(directory): stop it or choose another directory with \(option)")
    }
    let text = "\(getpid())\n"
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.utf8.count, 0) >= 0 else {
      throw HullError(.internalError, "cannot write \(path): \(Self.reason())")
    }
  }

  private static func content(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)
  }

  private static func makeDirectory(_ path: String) throws(HullError) {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, made.utf8.count >= path.utf8.count ? 0o711 : 0o755) == 0 || errno == EEXIST else {
        throw HullError(.internalError, "cannot make the directory \(made): \(reason())")
      }
    }
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}
