// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// `MS_*` of mount(2).
package enum MountFlag {
  package static let readOnly: UInt = 1
  package static let noSuid: UInt = 2
  package static let noDev: UInt = 4
  package static let noExec: UInt = 8
  package static let synchronous: UInt = 16
  package static let remount: UInt = 32
  package static let mandatoryLock: UInt = 64
  package static let dirSync: UInt = 128
  package static let noSymFollow: UInt = 256
  package static let noAtime: UInt = 1024
  package static let noDirAtime: UInt = 2048
  package static let bind: UInt = 4096
  package static let move: UInt = 8192
  package static let recursive: UInt = 16384
  package static let silent: UInt = 32768
  package static let unbindable: UInt = 1 << 17
  package static let `private`: UInt = 1 << 18
  package static let slave: UInt = 1 << 19
  package static let shared: UInt = 1 << 20
  package static let relAtime: UInt = 1 << 21
  package static let iVersion: UInt = 1 << 23
  package static let strictAtime: UInt = 1 << 24
  package static let lazyTime: UInt = 1 << 25
  /// The flags that say how mounts spread.
  package static let propagation = unbindable | `private` | slave | shared
}

/// `MOUNT_ATTR_*` of mount_setattr(2).
package enum MountAttribute {
  package static let readOnly: UInt64 = 0x01
  package static let noSuid: UInt64 = 0x02
  package static let noDev: UInt64 = 0x04
  package static let noExec: UInt64 = 0x08
  /// The field of the access-time settings: to be cleared as a whole when one is set.
  package static let accessTime: UInt64 = 0x70
  package static let noAtime: UInt64 = 0x10
  package static let strictAtime: UInt64 = 0x20
  package static let noDirAtime: UInt64 = 0x80
  package static let idMap: UInt64 = 0x0010_0000
  package static let noSymFollow: UInt64 = 0x0020_0000

  /// What mount_setattr has to set and clear for the per-mount ones among `MS_*` flags.
  package static func from(flags: UInt) -> (set: UInt64, clear: UInt64) {
    let pairs: [(UInt, UInt64)] = [
      (MountFlag.readOnly, readOnly), (MountFlag.noSuid, noSuid), (MountFlag.noDev, noDev), (MountFlag.noExec, noExec),
      (MountFlag.noDirAtime, noDirAtime), (MountFlag.noSymFollow, noSymFollow),
    ]
    var set = pairs.reduce(UInt64(0)) { flags & $1.0 != 0 ? $0 | $1.1 : $0 }
    guard flags & (MountFlag.noAtime | MountFlag.strictAtime | MountFlag.relAtime) != 0 else { return (set, 0) }
    if flags & MountFlag.noAtime != 0 { set |= noAtime }
    if flags & MountFlag.strictAtime != 0 { set |= strictAtime }
    return (set, accessTime)
  }
}

/// Mount calls. Those that take descriptors cannot be led astray by symbolic links.
package enum Mounts {
  private static let emptyPathBothEnds: UInt32 = 0x04 | 0x40
  private static let atEmptyPath: UInt32 = 0x1000
  private static let atRecursive: UInt32 = 0x8000
  private static let atNoFollow: UInt32 = 0x100
  private static let openTreeClone: UInt32 = 1
  private static let openTreeCloseOnExec = UInt32(bitPattern: O_CLOEXEC)

  package static func mount(_ source: String, on target: String, type: String?, flags: UInt, data: String? = nil) throws(SystemError) {
    try checked("mount \(type ?? source)") { hull_mount(source, target, type, flags, data) }
  }

  /// Mounts on what a descriptor stands for.
  package static func mount(_ source: String, onto target: Int32, type: String?, flags: UInt, data: String? = nil) throws(SystemError) {
    try mount(source, on: Files.path(of: target), type: type, flags: flags, data: data)
  }

  /// Sets how the mounts at `path` spread (`MS_PRIVATE`, `MS_SLAVE`, …, with `MS_REC` for all below).
  package static func setPropagation(_ path: String, _ flags: UInt) throws(SystemError) {
    try checked("change the propagation of \(path)") { hull_mount(nil, path, nil, flags, nil) }
  }

  /// Takes a mount off; `detach` does not wait for its users; without `follow` a symbolic link is refused.
  package static func unmount(_ path: String, detach: Bool = true, follow: Bool = true) throws(SystemError) {
    try checked("umount \(path)") { hull_umount2(path, (detach ? 2 : 0) | (follow ? 0 : 8)) }
  }

  package static func pivotRoot(_ newRoot: String, _ putOld: String) throws(SystemError) {
    try checked("pivot_root") { hull_pivot_root(newRoot, putOld) }
  }

  /// A copy of the mount at `path`, attached nowhere: it dies with its descriptor unless it is attached.
  package static func clone(
    _ path: String, at directory: Int32 = AT_FDCWD, recursive: Bool, follow: Bool = true
  ) throws(SystemError) -> OwnedDescriptor {
    let flags =
      openTreeClone | openTreeCloseOnExec | (recursive ? atRecursive : 0) | (path.isEmpty ? atEmptyPath : 0) | (follow ? 0 : atNoFollow)
    return OwnedDescriptor(try checked("open_tree \(path)") { hull_open_tree(directory, path, flags) })
  }

  /// Attaches a detached mount on what `target` stands for. Afterwards `mount` stands for the root of the attached mount.
  package static func attach(_ mount: Int32, onto target: Int32) throws(SystemError) {
    try checked("move_mount") { hull_move_mount(mount, "", target, "", emptyPathBothEnds) }
  }

  package static func attach(_ mount: Int32, on path: String) throws(SystemError) {
    try checked("move_mount to \(path)") { hull_move_mount(mount, "", AT_FDCWD, path, 0x04) }
  }

  /// Shows the owners of files in a mount that is attached nowhere as the mapping of a user namespace says.
  package static func setIDMap(_ mount: Int32, userNamespace: Int32, recursive: Bool) throws(SystemError) {
    try checked("mount_setattr MOUNT_ATTR_IDMAP") {
      hull_mount_setattr(mount, "", atEmptyPath | (recursive ? atRecursive : 0), MountAttribute.idMap, 0, 0, UInt64(userNamespace))
    }
  }

  /// mount_setattr(2) on the mount that a descriptor stands for.
  package static func setAttributes(
    _ mount: Int32, set: UInt64 = 0, clear: UInt64 = 0, propagation: UInt = 0, recursive: Bool = false
  ) throws(SystemError) {
    try checked("mount_setattr") {
      hull_mount_setattr(mount, "", atEmptyPath | (recursive ? atRecursive : 0), set, clear, UInt64(propagation), 0)
    }
  }
}
