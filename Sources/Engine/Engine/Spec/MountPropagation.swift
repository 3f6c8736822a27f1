// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Glibc
import LinuxSystem

/// Whether mounts can spread between a bind's source and the container as asked. Blocking.
enum MountPropagation {
  /// Throws in Docker's words when the source is on a mount that does not spread.
  static func check(_ mount: MountRecord) throws(HullError) {
    let (shared, slave) = (mount.propagation.hasSuffix("shared"), mount.propagation.hasSuffix("slave"))
    guard shared || slave, let real = realpath(mount.source, nil) else { return }
    defer { free(real) }
    let path = String(cString: real)
    let table = try step("cannot read the mount table") { () throws(SystemError) in try MountTableEntry.all() }
    // Of two on the same place the later one counts.
    guard let entry = table.filter({ CleanPath.contains($0.mountPoint, path) }).max(by: { $0.mountPoint.utf8.count <= $1.mountPoint.utf8.count })
    else { return }
    let (isShared, isSlave) = (entry.spreads.contains { $0.hasPrefix("shared:") }, entry.spreads.contains { $0.hasPrefix("master:") })
    let place = "path \(mount.source) is mounted on \(entry.mountPoint) but it is not a shared"
    if shared && !isShared { throw HullError(.internalError, "\(place) mount (mount --make-shared \(entry.mountPoint) makes it one)") }
    if slave && !isShared && !isSlave {
      throw HullError(.internalError, "\(place) or slave mount (mount --make-shared \(entry.mountPoint) makes it one)")
    }
  }
}
