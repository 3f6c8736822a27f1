// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The options of `-o`, taken apart as mount(8) does it: what concerns the mount becomes `MS_*`, the rest is the file system's own.
struct MountWords: Equatable {
  private(set) var flags: UInt = 0
  private(set) var propagation: UInt = 0
  private(set) var data = ""

  init(_ text: String) {
    var rest: [Substring] = []
    for word in text.split(separator: ",") {
      if let flag = Self.setting[String(word)] {
        flags |= flag
      } else if let flag = Self.clearing[String(word)] {
        flags &= ~flag
      } else if let kind = Self.spreading[String(word)] {
        propagation = kind
      } else {
        rest.append(word)
      }
    }
    data = rest.joined(separator: ",")
  }

  private static let setting: [String: UInt] = [
    "bind": MountFlag.bind, "rbind": MountFlag.bind | MountFlag.recursive, "defaults": 0, "dirsync": MountFlag.dirSync,
    "mand": MountFlag.mandatoryLock, "noatime": MountFlag.noAtime, "nodev": MountFlag.noDev, "nodiratime": MountFlag.noDirAtime,
    "noexec": MountFlag.noExec, "nosuid": MountFlag.noSuid, "relatime": MountFlag.relAtime, "ro": MountFlag.readOnly,
    "strictatime": MountFlag.strictAtime, "sync": MountFlag.synchronous, "lazytime": MountFlag.lazyTime,
  ]

  private static let clearing: [String: UInt] = [
    "async": MountFlag.synchronous, "atime": MountFlag.noAtime, "dev": MountFlag.noDev, "diratime": MountFlag.noDirAtime, "exec": MountFlag.noExec,
    "nomand": MountFlag.mandatoryLock, "norelatime": MountFlag.relAtime, "nostrictatime": MountFlag.strictAtime, "rw": MountFlag.readOnly,
    "suid": MountFlag.noSuid,
  ]

  private static let spreading: [String: UInt] = [
    "private": MountFlag.private, "rprivate": MountFlag.private | MountFlag.recursive, "shared": MountFlag.shared,
    "rshared": MountFlag.shared | MountFlag.recursive, "slave": MountFlag.slave, "rslave": MountFlag.slave | MountFlag.recursive,
    "unbindable": MountFlag.unbindable, "runbindable": MountFlag.unbindable | MountFlag.recursive,
  ]
}
