// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Mounts below the container's root. Every destination is resolved in the root and mounted on by descriptor.
struct Mounter {
  let root: Int32
  let bindSources: [Int: Int32]
  let idMaps: [Int: Int32]
  /// tmpfs mounts that become read-only when everything below them has been made.
  private var readOnlyLater: [String] = []

  init(root: Int32, bindSources: [Int: Int32] = [:], idMaps: [Int: Int32] = [:]) {
    self.root = root
    self.bindSources = bindSources
    self.idMaps = idMaps
  }

  mutating func mount(_ mount: MountPlan, index: Int) throws(HullError) {
    do throws(SystemError) {
      if mount.isOn("/") { throw SystemError(EINVAL, "mount over the root itself") }
      switch mount.type {
      case _ where mount.isBind: try bind(mount, index: index)
      case _ where mount.flags & MountFlag.remount != 0: try remount(mount)
      case "tmpfs": try tmpfs(mount)
      case "proc", "sysfs": try ordinaryDirectory(mount, index: index)
      default: try make(mount, index: index, on: try destination(mount))
      }
    } catch { throw HullError("mount \(mount.source) on \(mount.destination)", error) }
  }

  /// To be called when nothing more is made inside the mounts.
  func finish() throws(HullError) {
    for destination in readOnlyLater {
      try step("make \(destination) read-only") { () throws(SystemError) in
        let mount = try top(destination)
        try Mounts.setAttributes(mount.number, set: MountAttribute.readOnly)
      }
    }
  }

  /// The directory to mount on, made when missing.
  func destination(_ mount: MountPlan) throws(SystemError) -> OwnedDescriptor {
    let directory = try InRoot.makeDirectories(root, mount.destination)
    try refuseProc(directory.number, mount)
    return directory
  }

  /// A new file system, or the one that the launching process has made in this one's place.
  private func make(_ mount: MountPlan, index: Int, on target: borrowing OwnedDescriptor) throws(SystemError) {
    guard let made = bindSources[index] else { return try fresh(mount, on: target) }
    try Mounts.attach(made, onto: target.number)
    try setLate(mount)
  }

  /// What lies on top at a destination now.
  func top(_ destination: String) throws(SystemError) -> OwnedDescriptor { try InRoot.open(root, destination, OpenFlag.path) }

  /// A new file system, with what can only be set on the mount afterwards.
  func fresh(_ mount: MountPlan, on target: borrowing OwnedDescriptor, data: String? = nil) throws(SystemError) {
    let data = data ?? mount.data
    try Mounts.mount(mount.source, onto: target.number, type: mount.type, flags: mount.flags, data: data.isEmpty ? nil : data)
    try setLate(mount)
  }

  private func setLate(_ mount: MountPlan) throws(SystemError) {
    if mount.propagation == 0 && mount.recursiveSet | mount.recursiveClear == 0 { return }
    let target = try top(mount.destination)
    try setAttributes(target.number, mount)
  }

  private func setAttributes(_ fd: Int32, _ mount: MountPlan) throws(SystemError) {
    if mount.recursiveSet | mount.recursiveClear != 0 {
      let times = (mount.recursiveSet | mount.recursiveClear) & MountAttribute.accessTime
      try Mounts.setAttributes(
        fd, set: mount.recursiveSet, clear: mount.recursiveClear | (times != 0 ? MountAttribute.accessTime : 0), recursive: true)
    }
    if mount.propagation != 0 {
      let isRecursive = mount.propagation & MountFlag.recursive != 0
      try Mounts.setAttributes(fd, propagation: mount.propagation & MountFlag.propagation, recursive: isRecursive)
    }
  }

  /// A copy of the source gets its attributes before it is attached: there is no moment in which it can be written to but should not.
  private func bind(_ mount: MountPlan, index: Int) throws(SystemError) {
    let tree: OwnedDescriptor
    if let inherited = bindSources[index] {
      tree = try Descriptors.duplicate(inherited)
    } else {
      tree = try BindSource(mount: mount).detached(idMap: idMaps[index] ?? -1)
    }
    try attach(tree.number, mount)
  }

  /// Attaches a tree at the mount's destination, which is made when missing.
  func attach(_ tree: Int32, _ mount: MountPlan) throws(SystemError) {
    let isDirectory = try Files.status(of: tree).isDirectory
    let target = isDirectory ? try InRoot.makeDirectories(root, mount.destination) : try InRoot.makeFile(root, mount.destination)
    if try Files.fileSystemType(of: tree) != FileSystemType.proc { try refuseProc(target.number, mount) }
    let attributes = MountAttribute.from(flags: mount.flags)
    if attributes.set | attributes.clear != 0 { try Mounts.setAttributes(tree, set: attributes.set, clear: attributes.clear) }
    try setAttributes(tree, mount)
    try Mounts.attach(tree, onto: target.number)
  }

  private func remount(_ mount: MountPlan) throws(SystemError) {
    let target = try top(mount.destination)
    try Mounts.mount(mount.source, onto: target.number, type: nil, flags: mount.flags, data: mount.data.isEmpty ? nil : mount.data)
    try setLate(mount)
  }

  private mutating func tmpfs(_ mount: MountPlan) throws(SystemError) {
    var mount = mount
    if mount.flags & MountFlag.readOnly != 0 {
      readOnlyLater.append(mount.destination)
      mount.flags &= ~MountFlag.readOnly
    }
    let data = try looks(mount)
    let target = try destination(mount)
    if !mount.copyUp { return try fresh(mount, on: target, data: data) }
    let context = try FileSystemContext("tmpfs")
    try context.set(data: data)
    try context.set("source", mount.source)
    let tree = try context.mount(attributes: MountAttribute.from(flags: mount.flags).set)
    try TreeCopy.copy(from: target.number, to: tree.number)
    try Mounts.attach(tree.number, onto: target.number)
    try setLate(mount)
  }

  /// The options of a tmpfs that looks like the directory it hides, unless its own options say otherwise.
  func looks(_ mount: MountPlan) throws(SystemError) -> String {
    do {
      let hidden = try InRoot.open(root, mount.destination, OpenFlag.path | O_DIRECTORY)
      let mode = try Files.status(of: hidden.number).st_mode & 0o7777
      return "mode=" + String(mode, radix: 8) + (mount.data.isEmpty ? "" : "," + mount.data)
    } catch  where error.number != ENOENT { throw error } catch { return mount.data }
  }

  /// `/proc` and `/sys` may not be symbolic links: what is masked in them would be masked elsewhere.
  private func ordinaryDirectory(_ mount: MountPlan, index: Int) throws(SystemError) {
    do throws(SystemError) {
      let present = try InRoot.open(root, mount.destination, OpenFlag.path | O_NOFOLLOW)
      guard try Files.status(of: present.number).isDirectory else {
        throw SystemError(ENOTDIR, "\(mount.type) must be mounted on an ordinary directory")
      }
    } catch  where error.number != ENOENT { throw error } catch {}
    try make(mount, index: index, on: try InRoot.makeDirectories(root, mount.destination))
  }

  /// Inside proc only files that virtualize numbers may be covered: a process could otherwise be made to believe anything about itself.
  private func refuseProc(_ target: Int32, _ mount: MountPlan) throws(SystemError) {
    guard mount.type != "proc", try Files.fileSystemType(of: target) == FileSystemType.proc else {
      if mount.isBind && mount.isOn("/proc") { throw SystemError(EPERM, "cover /proc with what is not proc") }
      return
    }
    // In another process's mount namespace /proc may not know this one: then nothing in it may be covered.
    let path = (try? Files.readLink(Files.path(of: target))) ?? mount.destination + " of the container"
    guard Self.coverable.contains(where: { path.hasSuffix("/proc/" + $0) }) else { throw SystemError(EPERM, "mount inside proc at \(path)") }
  }

  private static let coverable = [
    "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "net/dev", "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
  ]
}
