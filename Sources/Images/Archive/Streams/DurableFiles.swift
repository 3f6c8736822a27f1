// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Files and directories that are there whole or not at all, also after the power failed.
package enum DurableFiles {
  /// A name that nobody else uses, beginning with `prefix`.
  package static func uniqueName(_ prefix: String) -> String {
    prefix + String(UInt64.random(in: .min ... .max), radix: 36)
  }

  /// Makes a directory and those above it, and opens it.
  package static func directory(_ path: String, mode: UInt32 = 0o700) throws(HullError) -> Int32 {
    try step("cannot make \(path)") { () throws(SystemError) in
      try Files.makeDirectories(path, mode: mode)
      return try Files.open(path, O_RDONLY | O_DIRECTORY)
    }.take()
  }

  /// Writes out everything on the file system of `directory`.
  package static func syncFileSystem(_ directory: Int32) throws(HullError) {
    guard hull_syncfs(directory) == 0 else { throw systemFailure("cannot write out the file system") }
  }

  package static func sync(_ fd: Int32) throws(HullError) {
    guard fsync(fd) == 0 else { throw systemFailure("cannot write out a file") }
  }

  /// Gives something in `from` the name `target` in `to`, in place of what had it.
  package static func rename(_ name: String, in from: Int32, to target: String, in to: Int32) throws(HullError) {
    guard renameat(from, name, to, target) == 0 else { throw systemFailure("cannot rename \(name) to \(target)") }
  }

  /// Writes a small file under `name`, durably once the directory is synced.
  /// - Parameter synced: `false`: the caller writes out the whole file system later.
  package static func write(_ bytes: [UInt8], name: String, in directory: Int32, synced: Bool = true) throws(HullError) {
    let file = try step("cannot make \(name)") { () throws(SystemError) in
      try Files.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: directory)
    }
    try step("cannot write \(name)") { () throws(SystemError) in try Files.writeAll(file.number, bytes, name: name) }
    if synced { try sync(file.number) }
  }

  /// The names in a directory, those that are UTF-8.
  package static func names(_ directory: Int32) throws(HullError) -> [String] {
    guard let names = DirectoryListing.names(directory) else { throw systemFailure("cannot read a directory") }
    return names.compactMap { String(validating: $0, as: UTF8.self) }
  }
}
