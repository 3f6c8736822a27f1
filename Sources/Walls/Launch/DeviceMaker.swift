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
    // `link` puts the container's own in its place, and what is bound cannot be removed.
    if device.path == "/dev/ptmx" { return }
    let node = try Mounts.clone(device.path, recursive: false)
    let target = try InRoot.makeFile(root, device.path, mode: 0)
    try Mounts.attach(node.number, onto: target.number)
  }

  /// `/dev/fd` and its like, and `/dev/ptmx` of the container's own devpts.
  func link() throws(HullError) {
    try step("set up /dev") { () throws(SystemError) in
      let directory = try InRoot.makeDirectories(root, "dev")
      try link("fd", "/proc/self/fd", in: directory)
      try link("stdin", "/proc/self/fd/0", in: directory)
      try link("stdout", "/proc/self/fd/1", in: directory)
      try link("stderr", "/proc/self/fd/2", in: directory)
      if access("/proc/kcore", F_OK) == 0 { try link("core", "/proc/kcore", in: directory) }
      if unlinkat(directory.number, "ptmx", 0) != 0 && errno != ENOENT { throw SystemError(errno, "remove /dev/ptmx") }
      try link("ptmx", "pts/ptmx", in: directory)
    }
  }

  /// What is there already stays.
  private func link(_ name: String, _ target: String, in directory: borrowing OwnedDescriptor) throws(SystemError) {
    if symlinkat(target, directory.number, name) != 0 && errno != EEXIST { throw SystemError(errno, "symlink /dev/\(name)") }
  }
}
