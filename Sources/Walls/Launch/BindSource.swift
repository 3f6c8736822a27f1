// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The tree that a bind mount attaches: a directory or file of the host, or of an image's layers.
struct BindSource {
  let mount: MountPlan

  /// A mount that is attached nowhere. `idMap`: a user namespace whose mapping owners go through, -1: as they are.
  func detached(idMap: Int32 = -1) throws(SystemError) -> OwnedDescriptor {
    let tree = try mount.isUnion ? ofImage() : ofHost()
    if idMap >= 0 {
      do { try Mounts.setIDMap(tree.number, userNamespace: idMap, recursive: isRecursive) } catch  where error.number == EINVAL {
        throw SystemError(EINVAL, "map the owners of \(mount.source): its file system, or one mounted below it, cannot show others")
      }
    }
    return tree
  }

  private var isRecursive: Bool { mount.flags & MountFlag.recursive != 0 }

  private func ofHost() throws(SystemError) -> OwnedDescriptor {
    if mount.subpath.isEmpty { return try Mounts.clone(mount.source, recursive: isRecursive) }
    let base = try Files.open(mount.source, OpenFlag.path | O_DIRECTORY)
    let place = try InRoot.openBeneath(base.number, mount.subpath, OpenFlag.path)
    return try Mounts.clone("", at: place.number, recursive: isRecursive)
  }

  private func ofImage() throws(SystemError) -> OwnedDescriptor {
    let (upper, work) = mount.changes.isEmpty ? (nil, nil) : (mount.changes + "/upper", mount.changes + "/work")
    let union = try UnionMount.detached(lower: mount.layers, upper: upper, work: work)
    if mount.subpath.isEmpty { return union }
    do { return try part(of: union.number) } catch  where error.number == EINVAL {
      // Before Linux 6.15 only what is attached can be copied: it is, for a moment, in this process's own mount namespace.
      let place = upper ?? mount.layers[0]
      try Mounts.attach(union.number, on: place)
      defer { try? Mounts.unmount(place) }
      return try part(of: union.number)
    }
  }

  private func part(of union: Int32) throws(SystemError) -> OwnedDescriptor {
    let place = try InRoot.openBeneath(union, mount.subpath, OpenFlag.path)
    return try Mounts.clone("", at: place.number, recursive: false)
  }
}

extension MountPlan {
  var isUnion: Bool { !layers.isEmpty || !changes.isEmpty }

  /// Whether the source has to be put together before it can be bound.
  package var isPrepared: Bool { isUnion || !subpath.isEmpty || !uidMappings.isEmpty }
}

/// A bind that another launcher makes: its source is put together and attached where that one finds it.
package struct PreparedMount: Sendable {
  private let mount: MountPlan

  package init(_ mount: MountPlan) { self.mount = mount }

  /// Makes the place, with everything above it, and attaches the source there in the caller's mount namespace.
  package func attach(at path: String) throws(HullError) {
    try step("mount \(mount.source) on \(mount.destination)") { () throws(SystemError) in
      var mapping: OwnedDescriptor?
      if !mount.uidMappings.isEmpty { mapping = try MappingNamespace.make(uid: mount.uidMappings, gid: mount.gidMappings) }
      let tree = try BindSource(mount: mount).detached(idMap: mapping?.number ?? -1)
      if try Files.status(of: tree.number).isDirectory {
        try Files.makeDirectories(path)
      } else {
        try Files.makeDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
        _ = try Files.open(path, O_RDONLY | O_CREAT, mode: 0o600)
      }
      try Mounts.attach(tree.number, on: path)
    }
  }
}

/// User namespaces that exist for their mapping alone.
enum MappingNamespace {
  /// A user namespace with these mappings: `container` is the owner on disk, `host` the one that is shown. Only in a process with one thread.
  static func make(uid: [IDMapping], gid: [IDMapping]) throws(SystemError) -> OwnedDescriptor {
    let process = try Processes.clone(NamespaceFlag.user)
    if process.pid == 0 {
      // The namespace lives on in the descriptor that the parent opens.
      while true { pause() }
    }
    let pidfd = OwnedDescriptor(process.pidfd)
    defer {
      try? Processes.signal(pidfd.number, SIGKILL)
      _ = try? Processes.reap(process.pid)
    }
    for (file, mappings) in [("uid_map", uid), ("gid_map", gid)] {
      let text = mappings.map { "\($0.container) \($0.host) \($0.size)\n" }.joined()
      try Files.write(text, to: "/proc/\(process.pid)/\(file)")
    }
    return try Files.open("/proc/\(process.pid)/ns/user", O_RDONLY)
  }
}
