// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// `/sys/fs/cgroup` in the container, in the form that the host's hierarchies have.
struct CgroupMounter {
  let mounter: Mounter
  let plan: LaunchPlan
  let hierarchies: CgroupHierarchies

  /// The container's own namespace shows its group as the root; otherwise its group is bound from the host's tree.
  private var hasOwnNamespace: Bool { plan.makes(.cgroup) || plan.joins(.cgroup) }

  func mount(_ mount: MountPlan) throws(HullError) {
    let host = plan.cgroup == nil ? try CgroupHierarchies.host() : hierarchies
    try step("mount the control groups on \(mount.destination)") { () throws(SystemError) in
      if host.isUnified || mount.type == "cgroup2" { try unified(mount, host) } else { try legacy(mount, host) }
    }
  }

  private func unified(_ mount: MountPlan, _ host: CgroupHierarchies) throws(SystemError) {
    var mount = mount
    mount.type = "cgroup2"
    do { try mounter.fresh(mount, on: try mounter.destination(mount)) } catch  where error.number == EPERM || error.number == EBUSY {
      guard let directory = host.unified else { throw error }
      try bind(directory + (plan.cgroup?.path ?? ""), on: mount.destination, flags: mount.flags)
    }
  }

  /// A tmpfs with a directory for each hierarchy, and links for controllers that share one.
  private func legacy(_ mount: MountPlan, _ host: CgroupHierarchies) throws(SystemError) {
    let flags = mount.flags & ~MountFlag.readOnly
    let target = try mounter.destination(mount)
    try Mounts.mount("tmpfs", onto: target.number, type: "tmpfs", flags: flags, data: "mode=755")
    let directory = try mounter.top(mount.destination)
    for hierarchy in host.legacy {
      let name = hierarchy.mountPoint.split(separator: "/").last.map(String.init) ?? hierarchy.controllers[0]
      try checked("mkdir \(name)") { mkdirat(directory.number, name, 0o755) }
      try show(hierarchy, on: mount.destination + "/" + name, flags: mount.flags)
      for controller in hierarchy.controllers where controller != name && !controller.hasPrefix("name=") {
        try checked("symlink \(controller)") { symlinkat(name, directory.number, controller) }
      }
    }
    if mount.flags & MountFlag.readOnly != 0 { try Mounts.setAttributes(directory.number, set: MountAttribute.readOnly) }
    if mount.propagation != 0 {
      try Mounts.setAttributes(directory.number, propagation: mount.propagation & MountFlag.propagation, recursive: true)
    }
  }

  private func show(_ hierarchy: CgroupHierarchies.Legacy, on destination: String, flags: UInt) throws(SystemError) {
    guard hasOwnNamespace else { return try bind(hierarchy.mountPoint + (plan.cgroup?.path ?? ""), on: destination, flags: flags) }
    let data = hierarchy.controllers.map { $0.hasPrefix("name=") ? "none,\($0)" : $0 }.joined(separator: ",")
    let target = try mounter.top(destination)
    try Mounts.mount("cgroup", onto: target.number, type: "cgroup", flags: flags, data: data)
  }

  private func bind(_ source: String, on destination: String, flags: UInt) throws(SystemError) {
    let tree = try Mounts.clone(source, recursive: false)
    let attributes = MountAttribute.from(flags: flags)
    try Mounts.setAttributes(tree.number, set: attributes.set, clear: attributes.clear)
    let target = try mounter.top(destination)
    try Mounts.attach(tree.number, onto: target.number)
  }
}
