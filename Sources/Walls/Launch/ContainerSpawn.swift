// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The clone: one call as a rule; a helper in between when new namespaces must belong to a user namespace that is joined.
struct ContainerSpawn {
  let plan: LaunchPlan
  let inherited: InheritedDescriptors
  let parentEnd: Int32
  let childEnd: Int32
  let hierarchies: CgroupHierarchies
  let waitsForNetwork: Bool

  func run() throws(HullError) -> ClonedProcess {
    let cgroup = try openCgroup()
    defer { if cgroup >= 0 { close(cgroup) } }
    if plan.joins(.user) && flags != 0 { return try throughHelper(cgroup) }
    let child = try step("launch \(plan.id)") { () throws(SystemError) in
      try joined.during(comesBack: { $0.pid != 0 }) { () throws(SystemError) in
        try Self.clone(flags, into: inherited.namespaces[.pid], cgroup: cgroup)
      }
    }
    if child.pid == 0 { becomeContainer(inUserNamespace: false) }
    return child
  }

  /// The new namespaces, without those that the child makes when their time has come.
  private var flags: UInt64 {
    let kinds: [(NamespacePlan.Kind, UInt64)] = [
      (.mount, NamespaceFlag.mount), (.pid, NamespaceFlag.pid), (.network, NamespaceFlag.network), (.ipc, NamespaceFlag.ipc),
      (.uts, NamespaceFlag.uts), (.user, NamespaceFlag.user),
    ]
    return kinds.reduce(0) { plan.makes($1.0) ? $0 | $1.1 : $0 }
  }

  /// From a new user namespace others' namespaces cannot be entered: the child is made inside them.
  private var joined: NamespaceVisit {
    guard plan.makes(.user) else { return NamespaceVisit([]) }
    let kinds: [(NamespacePlan.Kind, String, UInt64)] = [
      (.network, "net", NamespaceFlag.network), (.ipc, "ipc", NamespaceFlag.ipc), (.uts, "uts", NamespaceFlag.uts),
    ]
    return NamespaceVisit(kinds.compactMap { kind, name, flag in inherited.namespaces[kind].map { ($0, name, flag) } })
  }

  private func openCgroup() throws(HullError) -> Int32 {
    guard hierarchies.isUnified, let path = plan.cgroup?.path, let directory = hierarchies.directory(path, controller: "")
    else { return -1 }
    return try step("open control group \(path)") { () throws(SystemError) in try Files.open(directory, O_RDONLY | O_DIRECTORY).take() }
  }

  /// Clones, into another pid namespace where one is given: only children enter it, and the caller's own is set back afterwards.
  static func clone(_ flags: UInt64, into pidNamespace: Int32?, cgroup: Int32) throws(SystemError) -> ClonedProcess {
    guard let pidNamespace else { return try Processes.clone(flags, cgroup: cgroup) }
    let own = try Files.open("/proc/self/ns/pid", O_RDONLY)
    try Namespaces.enter(pidNamespace, NamespaceFlag.pid)
    let result = Result { () throws(SystemError) in try Processes.clone(flags, cgroup: cgroup) }
    if (try? result.get())?.pid != 0 { try Namespaces.enter(own.number, NamespaceFlag.pid) }
    return try result.get()
  }

  private func throughHelper(_ cgroup: Int32) throws(HullError) -> ClonedProcess {
    let helper = try step("launch \(plan.id)") { () throws(SystemError) in try Processes.clone(cgroup: cgroup) }
    if helper.pid == 0 { beHelper() }
    close(helper.pidfd)
    let channel = LaunchChannel(descriptor: parentEnd)
    defer { _ = try? Processes.reap(helper.pid) }
    switch try channel.receive()?.message {
    case .spawned(let pid):
      return try step("launch \(plan.id)") { () throws(SystemError) in ClonedProcess(pid: pid, pidfd: try Processes.pidfd(pid).take()) }
    case .failed(let code, let message): throw HullError(HullError.Code(rawValue: code), message)
    default: throw HullError(.internalError, "launch \(plan.id): the helper that joins the user namespace was killed")
    }
  }

  private func beHelper() -> Never {
    close(parentEnd)
    let channel = LaunchChannel(descriptor: childEnd)
    do {
      let child = try step("launch \(plan.id) in the user namespace") { () throws(SystemError) in
        try Namespaces.enter(inherited.namespaces[.user] ?? -1, NamespaceFlag.user)
        try Identity.set(uid: 0, gid: 0)
        return try Self.clone(flags | NamespaceFlag.siblingOfCaller, into: inherited.namespaces[.pid], cgroup: -1)
      }
      if child.pid == 0 { becomeContainer(inUserNamespace: true) }
      channel.send(.spawned(child.pid))
    } catch { channel.send(.failed(code: error.code.rawValue, message: error.description)) }
    _exit(0)
  }

  private func becomeContainer(inUserNamespace: Bool) -> Never {
    close(parentEnd)
    var child = ContainerChild(
      plan: plan, inherited: inherited, channel: LaunchChannel(descriptor: childEnd), hierarchies: hierarchies, isInUserNamespace: inUserNamespace,
      waitsForNetwork: waitsForNetwork)
    child.run()
  }
}
