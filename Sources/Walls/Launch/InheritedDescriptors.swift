// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// What the launching process opens for the new one, because that one could not reach it any more.
struct InheritedDescriptors {
  let stdio: StdioDescriptors
  /// Namespaces to join.
  private(set) var namespaces: [NamespacePlan.Kind: Int32] = [:]
  /// The fifo to wait at, -1: none.
  private(set) var gate: Int32 = -1
  /// With a user namespace: the root, attached nowhere.
  private(set) var root: Int32 = -1
  /// With a user namespace: the sources of bind mounts, and file systems of namespaces that it does not own, by their place in the plan,
  /// attached nowhere.
  private(set) var bindSources: [Int: Int32] = [:]
  /// User namespaces for the mapping of owners, by the mount's place in the plan.
  private(set) var idMaps: [Int: Int32] = [:]

  init(stdio: StdioDescriptors) { self.stdio = stdio }

  mutating func open(for plan: LaunchPlan) throws(HullError) {
    for namespace in plan.namespaces {
      guard let path = namespace.path else { continue }
      namespaces[namespace.kind] = try step("join the \(namespace.kind) namespace") { () throws(SystemError) in
        try Files.open(path, O_RDONLY).take()
      }
    }
    if let path = plan.startGate { gate = try openGate(path) }
    for (index, mount) in plan.mounts.enumerated() where !mount.uidMappings.isEmpty || !mount.gidMappings.isEmpty {
      idMaps[index] = try step("map the owners of \(mount.source)") { () throws(SystemError) in
        try MappingNamespace.make(uid: mount.uidMappings, gid: mount.gidMappings).take()
      }
    }
    if plan.entersUserNamespace { try openForeignMounts(plan) }
  }

  func closeAll() {
    for fd in [gate, root] + namespaces.values + bindSources.values + idMaps.values where fd >= 0 { close(fd) }
  }

  /// Read and write: a reader alone would see the end of the file before anybody has opened the gate.
  private func openGate(_ path: String) throws(HullError) -> Int32 {
    try step("open the start gate") { () throws(SystemError) in
      let gate = try Files.open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW)
      guard try Files.status(of: gate.number).st_mode & S_IFMT == S_IFIFO else { throw SystemError(EINVAL, "open \(path) as a fifo") }
      return gate.take()
    }
  }

  /// The root of a user namespace may not be allowed to walk to the host's directories, nor to use the layers' attributes.
  private mutating func openForeignMounts(_ plan: LaunchPlan) throws(HullError) {
    root = try step("mount the root of \(plan.id)") { () throws(SystemError) in try plan.root.detached().take() }
    for (index, mount) in plan.mounts.enumerated() where mount.isBind {
      bindSources[index] = try step("mount \(mount.source) on \(mount.destination)") { () throws(SystemError) in
        try BindSource(mount: mount).detached(idMap: idMaps[index] ?? -1).take()
      }
    }
    if plan.makes(.user) { try openNamespaceFileSystems(plan) }
  }

  private mutating func openNamespaceFileSystems(_ plan: LaunchPlan) throws(HullError) {
    for (index, mount) in plan.mounts.enumerated() where !mount.isBind && mount.flags & MountFlag.remount == 0 {
      guard let kind = NamespaceFileSystem.kind(mount.type), !plan.makes(kind) else { continue }
      bindSources[index] = try step("mount \(mount.source) on \(mount.destination)") { () throws(SystemError) in
        try NamespaceFileSystem(mount: mount, namespace: namespaces[kind]).detached().take()
      }
    }
  }
}

extension RootPlan {
  /// The root's file system as a mount that is attached nowhere.
  func detached() throws(SystemError) -> OwnedDescriptor {
    switch source {
    case .directory(let path): try Mounts.clone(path, recursive: true)
    case .overlay(let lower, let upper, let work): try UnionMount.detached(lower: lower, upper: upper, work: work)
    }
  }

  /// Where the root is attached before it becomes `/`.
  var attachPoint: String {
    if case .directory(let path) = source { return path }
    return mountPoint
  }
}

extension MountPlan {
  package var isBind: Bool { flags & MountFlag.bind != 0 || type == "bind" || type == "rbind" }

  /// Whether the destination is written as this path, slashes at the end aside.
  func isOn(_ path: String) -> Bool { destination.hasPrefix(path) && destination.utf8.dropFirst(path.utf8.count).allSatisfy { $0 == 0x2f } }
}
