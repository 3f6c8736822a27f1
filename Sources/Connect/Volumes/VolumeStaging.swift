// SPDX-License-Identifier: Apache-2.0
import Archive
import CLinux
import Errors
import Glibc
import LinuxSystem

/// A volume's directory that is being filled under a name that no volume can have: start-up sweeps what a crash leaves of it. Blocking.
package struct VolumeStaging: Sendable {
  package let directory: VolumeDirectory

  /// - Parameter volumes: the directory of all volumes. `token`: unique.
  package init(in volumes: String, token: String) { directory = VolumeDirectory(volumes + "/" + Self.name(token)) }

  /// What it is called among the volumes.
  package static func name(_ token: String) -> String { ".making-" + token }

  /// Makes it and lets `fill` write into its `_data`. When this returns everything is on disk and nothing is mounted.
  package func make(_ options: LocalOptions, _ fill: (_ data: Int32) throws -> Void) throws {
    try directory.make(options)
    if options.size != nil { try directory.mount(options) }
    let data = try step("cannot open volume directory \(directory.data)") { () throws(SystemError) in
      try Files.open(directory.data, O_RDONLY | O_DIRECTORY).take()
    }
    do {
      defer { close(data) }
      try fill(data)
      guard hull_syncfs(data) == 0 else { throw HullError(.internalError, "cannot write volume \(directory.path): \(errorText(errno))") }
    }
    try directory.unmount()
  }

  /// It becomes the volume at `other`, which must not be there.
  package func publish(as other: VolumeDirectory) throws(HullError) {
    guard rename(directory.path, other.path) == 0 else { throw failure(other) }
    try sync(other)
  }

  /// It and the volume at `other`, on which nothing is mounted, change places at one instant.
  package func exchange(with other: VolumeDirectory) throws(HullError) {
    guard hull_exchange(AT_FDCWD, directory.path, other.path) == 0 else { throw failure(other) }
    try sync(other)
  }

  package func remove() throws(HullError) { try directory.remove() }

  private func failure(_ other: VolumeDirectory) -> HullError {
    HullError(.internalError, "cannot put volume directory \(other.path) in place: \(errorText(errno))")
  }

  private func sync(_ other: VolumeDirectory) throws(HullError) {
    let parent = String(other.path[..<(other.path.lastIndex(of: "/") ?? other.path.startIndex)])
    try step("cannot write \(parent)") { () throws(SystemError) in
      let directory = try Files.open(parent, O_RDONLY | O_DIRECTORY)
      try checked("fsync \(parent)") { fsync(directory.number) }
    }
  }
}
