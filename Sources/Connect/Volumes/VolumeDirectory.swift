// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Glibc
import LinuxSystem

/// A volume's directory on the host. Blocking.
///
/// `_data` is what containers see; beside it may be the block file of a limited volume and the volume's snapshots.
package struct VolumeDirectory: Sendable {
  /// Absolute.
  package let path: String

  package init(_ path: String) { self.path = path }

  package var data: String { path + "/_data" }

  /// Makes what is missing of it. `options` may ask for a block file, which is made here once.
  package func make(_ options: LocalOptions) throws(HullError) {
    try step("cannot make the volume's directory \(path)") { () throws(SystemError) in
      try Files.makeDirectories(path, mode: 0o711)
      try Files.makeDirectories(data)
    }
    if let size = options.size { try SizeLimit(self).make(size) }
  }

  /// Whether something is mounted on `_data`.
  package func isMounted() throws(HullError) -> Bool { try mounts(at: data).contains { $0.mountPoint == data } }

  /// Mounts what the options name, unless that is mounted already.
  package func mount(_ options: LocalOptions) throws(HullError) {
    if try isMounted() { return }
    if let source = options.source {
      try SourceMount(source).mount(on: data)
    } else if options.size != nil {
      try SizeLimit(self).mount()
    }
  }

  /// Takes off what is mounted on `_data`; it goes away for good when its last user has.
  package func unmount() throws(HullError) { try unmount(data) }

  /// Removes the directory with everything in it, but nothing of what is mounted there.
  package func remove() throws(HullError) {
    try unmount(path)
    ProjectQuota.clear(data)
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    let parent = String(path[..<slash])
    let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else {
      if errno == ENOENT { return }
      throw HullError(.internalError, "cannot open \(parent): \(errorText(errno))")
    }
    defer { close(directory) }
    try TreeRemoval.remove(Array(path[slash...].dropFirst().utf8), in: directory)
  }

  /// Takes off every mount at and below a path, the deepest first. Throws when one stays: what follows may delete files.
  private func unmount(_ path: String) throws(HullError) {
    // A mount may lie on another one.
    for _ in 0..<Self.mostLayers {
      let present = try mounts(at: path)
      if present.isEmpty { return }
      for mount in present.reversed() {
        do throws(SystemError) { try Mounts.unmount(mount.mountPoint) } catch  where error.number != EINVAL && error.number != ENOENT {
          throw HullError("cannot unmount volume directory \(path)", error)
        } catch {}
      }
    }
    throw HullError(.internalError, "cannot unmount volume directory \(path): it is mounted again and again")
  }

  private func mounts(at path: String) throws(HullError) -> [MountTableEntry] {
    let all = try step("cannot read the mount table") { () throws(SystemError) in try MountTableEntry.all() }
    return all.filter { $0.mountPoint == path || $0.mountPoint.hasPrefix(path + "/") }
  }

  private static let mostLayers = 64
}
