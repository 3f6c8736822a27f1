// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Netlink

/// The new process of a container, from the clone to exec: the order of the steps. It has one thread and is its own only witness.
struct ContainerChild {
  let plan: LaunchPlan
  let inherited: InheritedDescriptors
  let channel: LaunchChannel
  let hierarchies: CgroupHierarchies
  let isInUserNamespace: Bool
  /// Whether interfaces are put into the network namespace from outside.
  let waitsForNetwork: Bool
  private var isInCgroup = false
  /// The workload's own binfmt_misc, attached nowhere yet; -1: none.
  private var binaryFormats: Int32 = -1

  init(
    plan: LaunchPlan, inherited: InheritedDescriptors, channel: LaunchChannel, hierarchies: CgroupHierarchies, isInUserNamespace: Bool,
    waitsForNetwork: Bool
  ) {
    self.plan = plan
    self.inherited = inherited
    self.channel = channel
    self.hierarchies = hierarchies
    self.isInUserNamespace = isInUserNamespace
    self.waitsForNetwork = waitsForNetwork
  }

  mutating func run() -> Never {
    var start = ProcessStart(plan.process, stdio: inherited.stdio, channel: channel)
    do {
      try setUp(&start)
      try start.run()
    } catch { start.fail(error) }
  }

  private mutating func setUp(_ start: inout ProcessStart) throws(HullError) {
    _ = setsid()
    umask(0o022)
    try start.openNull()
    if plan.process.dieWithParent { try start.followParent() }
    if plan.entersUserNamespace { try enterUserNamespace() }
    if !plan.binaryFormats.isEmpty { binaryFormats = try BinaryFormats.make(plan.binaryFormats).take() }
    start.limitsAreSet = plan.entersUserNamespace
    // While /proc is still the host's:
    try start.prepareWhileProcIsReachable()
    try joinNamespaces()
    try nameHost()
    let root = try RootAssembly(plan: plan, inherited: inherited).attach()
    if plan.joins(.mount) { channel.send(.rootAttached) }
    try furnish(root.number, &start)
    try RootAssembly(plan: plan, inherited: inherited).enter(root.number)
    start.gate = inherited.gate
    start.newSessionKeyring = plan.newSessionKeyring
    if !plan.hooks.startContainer.isEmpty {
      start.hooks = (HookRunner(plan: plan), plan.hooks.startContainer)
    }
  }

  private mutating func furnish(_ root: Int32, _ start: inout ProcessStart) throws(HullError) {
    let bindsDevices = plan.entersUserNamespace
    var mounter = Mounter(root: root, bindSources: inherited.bindSources, idMaps: inherited.idMaps)
    for (index, mount) in plan.mounts.enumerated() {
      if mount.type == "cgroup" || mount.type == "cgroup2" {
        try enterCgroup()
        try CgroupMounter(mounter: mounter, plan: plan, hierarchies: hierarchies).mount(mount)
      } else {
        try mounter.mount(mount, index: index)
      }
    }
    if binaryFormats >= 0 { try BinaryFormats.attach(binaryFormats, root: root) }
    let devices = DeviceMaker(root: root, bindsFromHost: bindsDevices)
    try devices.make(plan.devices)
    if !plan.mounts.contains(where: { $0.isBind && $0.isOn("/dev") }) { try devices.link() }
    try enterCgroup()
    // Before anything looks at the interfaces: hooks, and network sysctls that name one.
    if waitsForNetwork { channel.await(.networkReady) }
    try runHooks()
    try SysctlWriter.write(plan.sysctls)
    if plan.process.terminal {
      start.terminal = try TerminalMaker(root: root).make(rows: plan.process.rows, columns: plan.process.columns, channel: channel)
    }
    if !plan.process.cwd.isEmpty {
      try step("create working directory \(plan.process.cwd)") { () throws(SystemError) in _ = try InRoot.makeDirectories(root, plan.process.cwd) }
    }
    try mounter.finish()
    var masks = PathMasker(root: root)
    try masks.makeReadOnly(plan.readonlyPaths)
    try masks.mask(plan.maskedPaths)
    if plan.root.readonly {
      try step("make the root read-only") { () throws(SystemError) in try Mounts.setAttributes(root, set: MountAttribute.readOnly) }
    }
  }

  private func enterUserNamespace() throws(HullError) {
    channel.await(.mapped)
    if isInUserNamespace { return }
    try step("enter the user namespace") { () throws(SystemError) in
      if let namespace = inherited.namespaces[.user] { try Namespaces.enter(namespace, NamespaceFlag.user) }
      try Identity.set(uid: 0, gid: 0)
      try Identity.setGroups([])
    }
  }

  private func joinNamespaces() throws(HullError) {
    if !plan.makes(.user) {
      try join(.network, NamespaceFlag.network)
      try join(.ipc, NamespaceFlag.ipc)
      try join(.uts, NamespaceFlag.uts)
    }
    try join(.time, NamespaceFlag.time)
    if plan.makes(.time) { try step("make the time namespace") { () throws(SystemError) in try makeTimeNamespace() } }
    if plan.makes(.network) && plan.loopbackUp {
      try step("set up the network namespace") { () throws(SystemError) in try RouteSocket.loopbackUp() }
    }
  }

  private func join(_ kind: NamespacePlan.Kind, _ flag: UInt64) throws(HullError) {
    guard let namespace = inherited.namespaces[kind] else { return }
    try step("join the \(kind) namespace") { () throws(SystemError) in try Namespaces.enter(namespace, flag) }
  }

  /// Offsets can only be set while nobody is inside, so the process makes the namespace, sets them and then enters.
  private func makeTimeNamespace() throws(SystemError) {
    try Namespaces.unshare(NamespaceFlag.time)
    if !plan.timeOffsets.isEmpty {
      try Files.write(plan.timeOffsets.map { "\($0.name) \($0.value)\n" }.joined(), to: "/proc/self/timens_offsets")
    }
    let namespace = try Files.open("/proc/self/ns/time_for_children", O_RDONLY)
    try Namespaces.enter(namespace.number, NamespaceFlag.time)
  }

  private func nameHost() throws(HullError) {
    if let name = plan.hostname { try step("set the host name") { () throws(SystemError) in try HostNames.setHost(name) } }
    if let name = plan.domainname { try step("set the domain name") { () throws(SystemError) in try HostNames.setDomain(name) } }
  }

  /// Into the control group, and only then into a control group namespace, whose root is where the process stands.
  private mutating func enterCgroup() throws(HullError) {
    if isInCgroup { return }
    isInCgroup = true
    if let path = plan.cgroup?.path {
      channel.await(.cgroupReady)
      if !hierarchies.isUnified && !plan.entersUserNamespace { try hierarchies.addSelf(to: path) }
    }
    try step("enter the cgroup namespace") { () throws(SystemError) in
      if let namespace = inherited.namespaces[.cgroup] { try Namespaces.enter(namespace, NamespaceFlag.cgroup) }
      if plan.makes(.cgroup) { try Namespaces.unshare(NamespaceFlag.cgroup) }
    }
  }

  private func runHooks() throws(HullError) {
    if !plan.hooks.prestart.isEmpty || !plan.hooks.createRuntime.isEmpty {
      channel.send(.hooksDue)
      channel.await(.hooksDone)
    }
    if plan.hooks.createContainer.isEmpty { return }
    try HookRunner(plan: plan).run(plan.hooks.createContainer, pid: HostNames.hostPid(), status: "creating")
  }
}
