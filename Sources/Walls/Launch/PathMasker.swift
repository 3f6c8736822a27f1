// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Hides paths from the container or makes them read-only. Paths that do not exist need neither.
struct PathMasker {
  let root: Int32
  /// One empty, read-only directory serves for all that are hidden.
  private var emptyDirectory: String?
  private var null: Int32 = -1

  init(root: Int32) { self.root = root }

  mutating func mask(_ paths: [String]) throws(HullError) {
    for path in paths {
      try step("mask \(path)") { () throws(SystemError) in
        guard let target = try existing(path) else { return }
        if try Files.status(of: target.number).isDirectory { try hideDirectory(path, target) } else { try hideFile(target) }
      }
    }
    if null >= 0 { close(null) }
  }

  func makeReadOnly(_ paths: [String]) throws(HullError) {
    for path in paths {
      try step("make \(path) read-only") { () throws(SystemError) in
        guard let target = try existing(path) else { return }
        let tree = try Mounts.clone("", at: target.number, recursive: true)
        try Mounts.setAttributes(tree.number, set: MountAttribute.readOnly)
        try Mounts.attach(tree.number, onto: target.number)
      }
    }
  }

  private func existing(_ path: String) throws(SystemError) -> OwnedDescriptor? {
    do { return try InRoot.open(root, path, OpenFlag.path) } catch  where error.number == ENOENT || error.number == ENOTDIR { return nil }
  }

  private mutating func hideFile(_ target: borrowing OwnedDescriptor) throws(SystemError) {
    if null < 0 { null = try openNull() }
    let device = try Mounts.clone("", at: null, recursive: false)
    try Mounts.attach(device.number, onto: target.number)
  }

  /// The container's own null device, if it is that: an image could have put something else in its place. Else the host's.
  private func openNull() throws(SystemError) -> Int32 {
    if let own = try? InRoot.open(root, "dev/null", OpenFlag.path | O_NOFOLLOW), try Files.status(of: own.number).isCharacterDevice(1, 3) {
      return own.take()
    }
    return try Files.open("/dev/null", OpenFlag.path).take()
  }

  private mutating func hideDirectory(_ path: String, _ target: borrowing OwnedDescriptor) throws(SystemError) {
    guard let emptyDirectory else {
      try Mounts.mount("tmpfs", onto: target.number, type: "tmpfs", flags: MountFlag.readOnly, data: "nr_blocks=1,nr_inodes=1")
      emptyDirectory = path
      return
    }
    let empty = try InRoot.open(root, emptyDirectory, OpenFlag.path)
    let copy = try Mounts.clone("", at: empty.number, recursive: false)
    try Mounts.attach(copy.number, onto: target.number)
  }
}
