// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// A process that enters the wall of a running one.
struct JoinLaunch {
  private let target: JoinTarget
  private let process: ProcessPlan
  private let stdio: StdioDescriptors
  private let hierarchies: CgroupHierarchies
  private let targetPidfd: Int32
  private let root: Int32
  private let parentEnd: Int32
  private var childEnd: Int32

  init(_ target: JoinTarget, process: ProcessPlan, stdio: StdioDescriptors, hierarchies given: CgroupHierarchies?) throws(HullError) {
    guard !process.arguments.isEmpty else { throw HullError(.invalidArgument, "no exec command specified") }
    self.target = target
    self.process = process
    self.stdio = stdio
    hierarchies = target.cgroupPath == nil ? .none : try CgroupHierarchies.host(given)
    do {
      let pidfd = try Processes.pidfd(target.pid)
      let root = try Files.open("/proc/\(target.pid)/root", OpenFlag.path | O_DIRECTORY)
      let ends = try UnixSocket.pair(SOCK_SEQPACKET).raised(to: 3 + Int32(clamping: process.preservedDescriptors))
      parentEnd = ends.first
      childEnd = ends.second
      targetPidfd = pidfd.take()
      self.root = root.take()
    } catch {
      if error.number == ESRCH || error.number == ENOENT { throw HullError(.conflict, "process \(target.pid) is not running", cause: error) }
      throw HullError("join process \(target.pid)", error)
    }
  }

  mutating func closeDescriptors() {
    for fd in [parentEnd, childEnd, targetPidfd, root] where fd >= 0 { close(fd) }
  }

  mutating func run() throws(HullError) -> LaunchedProcess {
    let child = try spawn()
    if child.pid == 0 { beChild() }
    close(childEnd)
    childEnd = -1
    var supervision = Supervision(
      channel: LaunchChannel(descriptor: parentEnd), id: process.arguments[0], pid: child.pid, pidfd: child.pidfd)
    do { return try supervision.follow { _ in } } catch {
      supervision.abandon()
      throw error
    }
  }

  /// Whether the target has another namespace of this kind than we have.
  private func differs(_ kind: String) -> Bool {
    guard let own = try? Files.status("/proc/self/ns/\(kind)"), let other = try? Files.status("/proc/\(target.pid)/ns/\(kind)") else { return false }
    return own.st_ino != other.st_ino || own.st_dev != other.st_dev
  }

  private func wants(_ kind: NamespacePlan.Kind) -> Bool { target.namespaces.isEmpty || target.namespaces.contains(kind) }

  /// All at once; entering one's own namespace again does no harm, but for these two, where it is refused or costs more than asking.
  private var flags: UInt64 {
    let kinds: [(NamespacePlan.Kind, UInt64)] = [
      (.mount, NamespaceFlag.mount), (.network, NamespaceFlag.network), (.ipc, NamespaceFlag.ipc), (.uts, NamespaceFlag.uts),
      (.cgroup, NamespaceFlag.cgroup),
    ]
    var flags = kinds.reduce(UInt64(0)) { wants($1.0) ? $0 | $1.1 : $0 }
    if joinsUserNamespace { flags |= NamespaceFlag.user }
    if wants(.time) && differs("time") { flags |= NamespaceFlag.time }
    return flags
  }

  private var joinsUserNamespace: Bool { wants(.user) && differs("user") }

  private func spawn() throws(HullError) -> ClonedProcess {
    let cgroup = try openCgroup()
    defer { if cgroup >= 0 { close(cgroup) } }
    do { return try clone(cgroup) } catch  where error.number == EBUSY && cgroup >= 0 {
      // The container has split its v2 group and moved its processes down: the new one goes where the target is.
      guard let place = targetGroup() else { throw HullError("join process \(target.pid)", error) }
      defer { close(place) }
      return try step("join process \(target.pid)") { () throws(SystemError) in try clone(place) }
    } catch { throw HullError("join process \(target.pid)", error) }
  }

  private func clone(_ cgroup: Int32) throws(SystemError) -> ClonedProcess {
    let namespace = wants(.pid) ? try Files.open("/proc/\(target.pid)/ns/pid", O_RDONLY).take() : nil
    defer { if let namespace { close(namespace) } }
    return try ContainerSpawn.clone(0, into: namespace, cgroup: cgroup)
  }

  private func openCgroup() throws(HullError) -> Int32 {
    guard hierarchies.isUnified, let path = target.cgroupPath, let directory = hierarchies.directory(path, controller: "")
    else { return -1 }
    return try step("open control group \(path)") { () throws(SystemError) in try Files.open(directory, O_RDONLY | O_DIRECTORY).take() }
  }

  private func targetGroup() -> Int32? {
    let lines = ((try? Files.readText("/proc/\(target.pid)/cgroup")) ?? "").split(separator: "\n")
    guard let root = hierarchies.unified, let line = lines.first(where: { $0.hasPrefix("0::/") }) else { return nil }
    return try? Files.open(root + line.dropFirst(3), O_RDONLY | O_DIRECTORY).take()
  }

  private func beChild() -> Never {
    close(parentEnd)
    var start = ProcessStart(process, stdio: stdio, channel: LaunchChannel(descriptor: childEnd))
    do {
      _ = setsid()
      try start.openNull()
      if process.dieWithParent { try start.followParent() }
      if !hierarchies.isUnified, let path = target.cgroupPath { try hierarchies.addSelf(to: path) }
      try start.prepareWhileProcIsReachable()
      // In the target's user namespace the process may not raise limits any more.
      try start.setLimits()
      if process.terminal {
        start.terminal = try TerminalMaker(root: root).make(
          rows: process.rows, columns: process.columns, channel: LaunchChannel(descriptor: childEnd), console: false)
      }
      try enter()
      try start.run()
    } catch { start.fail(error) }
  }

  private func enter() throws(HullError) {
    let flags = flags
    try step("join the namespaces of process \(target.pid)") { () throws(SystemError) in
      if flags != 0 { try Namespaces.enter(targetPidfd, flags) }
      if flags & NamespaceFlag.user != 0 {
        try Identity.set(uid: 0, gid: 0)
        try Identity.setGroups([])
      }
      // The mount namespace alone does not lead into a root that was entered by chroot.
      try checked("chdir to the root") { fchdir(root) }
      try checked("chroot") { chroot(".") }
    }
  }
}
