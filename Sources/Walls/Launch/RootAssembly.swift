// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The container's root file system: put together, attached in the new mount namespace, and entered.
struct RootAssembly {
  let plan: LaunchPlan
  let inherited: InheritedDescriptors

  /// Attaches the root and returns a descriptor of its top.
  func attach() throws(HullError) -> OwnedDescriptor {
    try step("set up the mount namespace") { () throws(SystemError) in
      if let namespace = inherited.namespaces[.mount] {
        try Namespaces.enter(namespace, NamespaceFlag.mount)
      } else {
        let propagation = plan.root.propagation
        try Mounts.setPropagation("/", propagation == 0 ? MountFlag.slave | MountFlag.recursive : propagation)
        if isShared { try makeParentPrivate() }
      }
    }
    return try step("mount the root of \(plan.id)") { () throws(SystemError) in
      let root = inherited.root >= 0 ? try Descriptors.duplicate(inherited.root) : try plan.root.detached()
      try attach(root.number)
      return root
    }
  }

  private var isShared: Bool { plan.root.propagation & MountFlag.shared != 0 }

  /// Where the path to the mount point is closed to the container's user, the root covers `/`, which all can reach.
  private func attach(_ root: Int32) throws(SystemError) {
    do { try Mounts.attach(root, on: plan.root.attachPoint) } catch  where error.number == EACCES && plan.entersUserNamespace {
      try Mounts.attach(root, on: "/")
    }
  }

  /// Under a shared mount the root would appear on the host, and pivot_root refuses it.
  private func makeParentPrivate() throws(SystemError) {
    var path = plan.root.attachPoint
    while true {
      do { return try Mounts.setPropagation(path.isEmpty ? "/" : path, MountFlag.private) } catch  where error.number == EINVAL && !path.isEmpty {
        path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
      }
    }
  }

  /// Makes the attached root the process's `/` and lets go of the host's file system.
  func enter(_ root: Int32) throws(HullError) {
    try step("enter the root of \(plan.id)") { () throws(SystemError) in
      try checked("chdir to the root") { fchdir(root) }
      if plan.joins(.mount) {
        try checked("chroot") { chroot(".") }
      } else if plan.root.noPivot {
        try Mounts.mount(".", on: "/", type: nil, flags: MountFlag.move)
        try checked("chroot") { chroot(".") }
      } else {
        try pivot()
      }
      try checked("chdir /") { chdir("/") }
      if isShared || plan.root.propagation & MountFlag.unbindable != 0 { try Mounts.setPropagation("/", plan.root.propagation) }
    }
  }

  /// pivot_root(2) with the new root as the place for the old one: the old one then lies on top and is taken off.
  private func pivot() throws(SystemError) {
    let old = try Files.open("/", O_DIRECTORY | O_RDONLY)
    try Mounts.pivotRoot(".", ".")
    try checked("chdir to the old root") { fchdir(old.number) }
    if isShared { try Mounts.setPropagation(".", MountFlag.slave | MountFlag.recursive) }
    try Mounts.unmount(".")
  }
}
