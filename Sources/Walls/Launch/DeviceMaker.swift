// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Device nodes and the well-known links in the container's `/dev`.
struct DeviceMaker {
  let root: Int32
  /// Inside a user namespace nodes cannot be made: the host's are bound.
  let bindsFromHost: Bool

  func make(_ devices: [DevicePlan]) throws(HullError) {
    let mask = umask(0)
    defer { umask(mask) }
    for device in devices {
      try step("create device \(device.path)") { () throws(SystemError) in
        if bindsFromHost && device.kind != .fifo { try bind(device) } else { try make(device) }
      }
    }
  }

  private func make(_ device: DevicePlan) throws(SystemError) {
    let (directory, name) = try InRoot.parent(root, device.path)
    defer { close(directory) }
    let type: UInt32 =
      switch device.kind {
      case .character: S_IFCHR
      case .block: S_IFBLK
      case .fifo: S_IFIFO
      }
    do {
      try checked("mknod \(device.path)") {
        mknodat(directory, name, type | device.mode & 0o7777, hull_makedev(device.major, device.minor))
      }
    } catch  where error.number == EEXIST {
      return  // the image or a mount has brought one
    }
    if device.uid != 0 || device.gid != 0 {
      try checked("chown \(device.path)") { fchownat(directory, name, device.uid, device.gid, AT_SYMLINK_NOFOLLOW) }
    }
  }

  private func bind(_ device: DevicePlan) throws(SystemError) {
    let node = try Mounts.clone(device.path, recursive: false)
    let target = try InRoot.makeFile(root, device.path, mode: 0)
    try Mounts.attach(node.number, onto: target.number)
  }

  /// `/dev/fd` and its like, and `/dev/ptmx` of the container's own devpts.
  func link() throws(HullError) {
    try step("set up /dev") { () throws(SystemError) in
      let directory = try InRoot.makeDirectories(root, "dev")
      var links = [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")]
      if access("/proc/kcore", F_OK) == 0 { links.append(("core", "/proc/kcore")) }
      for (name, target) in links where symlinkat(target, directory.number, name) != 0 && errno != EEXIST {
        throw SystemError(errno, "symlink /dev/\(name)")
      }
      if unlinkat(directory.number, "ptmx", 0) != 0 && errno != ENOENT { throw SystemError(errno, "remove /dev/ptmx") }
      try checked("symlink /dev/ptmx") { symlinkat("pts/ptmx", directory.number, "ptmx") }
    }
  }
}
