// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The launching process's side of a new container: what must be opened before the clone, the clone, and what goes on beside the child.
struct ContainerLaunch {
  private let plan: LaunchPlan
  private var inherited: InheritedDescriptors
  private let parentEnd: Int32
  private var childEnd: Int32
  private let hierarchies: CgroupHierarchies
  private let connect: ((Int32) throws(HullError) -> Void)?
  private var cgroupIsNew = false

  init(
    _ plan: LaunchPlan, stdio: StdioDescriptors, hierarchies given: CgroupHierarchies?, connect: ((Int32) throws(HullError) -> Void)?
  ) throws(HullError) {
    try plan.check()
    self.plan = plan
    self.connect = connect
    hierarchies = plan.cgroup == nil ? .none : try CgroupHierarchies.host(given)
    let ends = try step("launch \(plan.id)") { () throws(SystemError) in
      try UnixSocket.pair(SOCK_SEQPACKET).raised(to: 3 + Int32(clamping: plan.process.preservedDescriptors))
    }
    parentEnd = ends.first
    childEnd = ends.second
    inherited = InheritedDescriptors(stdio: stdio)
    do { try inherited.open(for: plan) } catch {
      closeDescriptors()
      throw error
    }
  }

  mutating func closeDescriptors() {
    close(parentEnd)
    if childEnd >= 0 { close(childEnd) }
    inherited.closeAll()
  }

  mutating func run() throws(HullError) -> LaunchedProcess {
    var warnings: [String] = []
    do throws(HullError) {
      // A v2 group must stand before the clone, which puts the child into it; v1 groups are made while the child mounts.
      if plan.cgroup != nil && hierarchies.isUnified { warnings = try makeCgroup() }
      let spawn = ContainerSpawn(
        plan: plan, inherited: inherited, parentEnd: parentEnd, childEnd: childEnd, hierarchies: hierarchies,
        waitsForNetwork: connect != nil)
      let child = try spawn.run()
      close(childEnd)
      childEnd = -1
      var supervision = Supervision(
        channel: LaunchChannel(descriptor: parentEnd), id: plan.id, pid: child.pid, pidfd: child.pidfd, warnings: warnings)
      do { return try accompany(&supervision) } catch {
        supervision.abandon()
        if supervision.rootIsAttached { detachRoot() }
        throw error
      }
    } catch {
      if cgroupIsNew, let cgroup = plan.cgroup { try? hierarchies.remove(cgroup.path) }
      throw error
    }
  }

  private mutating func accompany(_ supervision: inout Supervision) throws(HullError) -> LaunchedProcess {
    let channel = supervision.channel
    let pid = supervision.process.pid
    if plan.entersUserNamespace { try prepareUserNamespace(&supervision) }
    if let cgroup = plan.cgroup, !hierarchies.isUnified {
      supervision.warn(try makeCgroup())
      if plan.entersUserNamespace { try hierarchies.add(pid, to: cgroup.path) }
    }
    // A child that has failed meanwhile is not there to hear it; its message is read next.
    if plan.cgroup != nil { try? channel.send(.cgroupReady) }
    if let connect {
      try connect(pid)
      try? channel.send(.networkReady)
    }
    let hooks = HookRunner(plan: plan)
    return try supervision.follow { (pid) throws(HullError) in
      try hooks.run(plan.hooks.prestart, pid: pid, status: "creating")
      try hooks.run(plan.hooks.createRuntime, pid: pid, status: "creating")
    }
  }

  /// Takes the root's mounts out of a mount namespace that was joined. Only a process of its own may go there.
  private func detachRoot() {
    guard let namespace = inherited.namespaces[.mount], let helper = try? Processes.clone() else { return }
    if helper.pid == 0 {
      try? Namespaces.enter(namespace, NamespaceFlag.mount)
      try? Mounts.unmount(plan.root.attachPoint)
      _exit(0)
    }
    close(helper.pidfd)
    _ = try? Processes.reap(helper.pid)
  }

  private mutating func makeCgroup() throws(HullError) -> [String] {
    guard let cgroup = plan.cgroup else { return [] }
    cgroupIsNew = try hierarchies.make(cgroup.path)
    return try hierarchies.apply(cgroup.resources, to: cgroup.path)
  }

  /// Inside its own user namespace the child has no rights over the host: limits that need them are set from here.
  private func prepareUserNamespace(_ supervision: inout Supervision) throws(HullError) {
    let pid = supervision.process.pid
    supervision.warn(try RlimitSetter.apply(plan.process.rlimits, pid: pid))
    if let score = plan.process.oomScoreAdj { supervision.warn(try OOMScore.set(score, process: "\(pid)")) }
    if plan.makes(.user) {
      for (file, mappings) in [("uid_map", plan.uidMappings), ("gid_map", plan.gidMappings)] {
        let text = mappings.map { "\($0.container) \($0.host) \($0.size)\n" }.joined()
        try step("map the user namespace of \(plan.id)") { () throws(SystemError) in try Files.write(text, to: "/proc/\(pid)/\(file)") }
      }
    }
    try? supervision.channel.send(.mapped)
  }
}

extension DescriptorPair {
  /// Moves both to numbers at or above `minimum`.
  func raised(to minimum: Int32) throws(SystemError) -> DescriptorPair {
    if first >= minimum && second >= minimum { return self }
    defer {
      close(first)
      close(second)
    }
    let other = try Descriptors.duplicate(first, minimum: minimum)
    let number = try Descriptors.duplicate(second, minimum: minimum).take()
    return DescriptorPair(first: other.take(), second: number)
  }
}

extension LaunchPlan {
  func makes(_ kind: NamespacePlan.Kind) -> Bool { namespaces.contains { $0.kind == kind && $0.path == nil } }
  func joins(_ kind: NamespacePlan.Kind) -> Bool { namespaces.contains { $0.kind == kind && $0.path != nil } }
  var entersUserNamespace: Bool { makes(.user) || joins(.user) }

  /// What every later step takes for granted.
  func check() throws(HullError) {
    guard !process.arguments.isEmpty else { throw HullError(.invalidArgument, "no command specified") }
    guard Set(namespaces.map(\.kind)).count == namespaces.count else {
      throw HullError(.invalidArgument, "a namespace of \(id) is named twice: name each kind once")
    }
    guard makes(.mount) || joins(.mount) else {
      throw HullError(.invalidArgument, "\(id) has no mount namespace: its mounts would be the host's")
    }
    guard !makes(.user) || !(uidMappings.isEmpty || gidMappings.isEmpty) else {
      throw HullError(.invalidArgument, "the user namespace of \(id) has no user or group mapping")
    }
    guard binaryFormats.isEmpty || makes(.user) else {
      throw HullError(.invalidArgument, "\(id) has handlers for programs of other machines and no user namespace of its own to have them in")
    }
  }
}
