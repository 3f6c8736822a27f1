// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// A file descriptor that is closed exactly once: at the end of its life, unless it was taken.
///
/// Keep it in a variable while `number` is in use: of a temporary (`try open().number`) only a closed number is left.
package struct OwnedDescriptor: ~Copyable, Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }

  deinit { _ = close(number) }

  /// Gives the number away: the caller closes it.
  package consuming func take() -> Int32 {
    let number = number
    discard self
    return number
  }
}

/// Two descriptors that belong together: the ends of a pipe or of a socket pair.
package struct DescriptorPair: Sendable {
  package let first: Int32
  package let second: Int32

  package init(first: Int32, second: Int32) {
    self.first = first
    self.second = second
  }
}

/// Calls on descriptors.
package enum Descriptors {
  /// A pipe, close-on-exec: `first` is read from, `second` written to.
  package static func pipe(flags: Int32 = O_CLOEXEC) throws(SystemError) -> DescriptorPair {
    var ends: (Int32, Int32) = (-1, -1)
    try checked("pipe") { withUnsafeMutableBytes(of: &ends) { hull_pipe2($0.bindMemory(to: Int32.self).baseAddress!, flags) } }
    return DescriptorPair(first: ends.0, second: ends.1)
  }

  /// A nameless file in memory, close-on-exec, that holds `bytes` and stands at its beginning.
  package static func memoryFile(name: String, bytes: [UInt8]) throws(SystemError) -> OwnedDescriptor {
    let file = OwnedDescriptor(try checked("memfd_create \(name)") { hull_memfd_create(name, 1) })
    try Files.writeAll(file.number, bytes)
    try checked("lseek \(name)") { lseek(file.number, 0, SEEK_SET) }
    return file
  }

  package static func setCloseOnExec(_ fd: Int32, _ on: Bool) throws(SystemError) {
    try checked("fcntl F_SETFD") { hull_fcntl(fd, F_SETFD, on ? Int(FD_CLOEXEC) : 0) }
  }

  package static func setNonBlocking(_ fd: Int32, _ on: Bool) throws(SystemError) {
    let flags = try checked("fcntl F_GETFL") { hull_fcntl(fd, F_GETFL, 0) }
    let changed = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
    if changed != flags { try checked("fcntl F_SETFL") { hull_fcntl(fd, F_SETFL, Int(changed)) } }
  }

  /// Duplicates onto a number at or above `minimum`, close-on-exec.
  package static func duplicate(_ fd: Int32, minimum: Int32 = 3) throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try checked("fcntl F_DUPFD_CLOEXEC") { hull_fcntl(fd, F_DUPFD_CLOEXEC, Int(minimum)) })
  }

  /// Waits until `fd` can be read or its other side is gone; `false` after `milliseconds` (-1: for ever).
  package static func waitReadable(_ fd: Int32, milliseconds: Int32) throws(SystemError) -> Bool {
    var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    return try checked("poll") { poll(&entry, 1, milliseconds) } > 0
  }
}
