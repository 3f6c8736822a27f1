// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LaunchCompiler
import LinuxSystem
import OCISpec
import Seccomp

/// The making of a container, for `create` and `run`.
struct Creation: Sendable {
  static let flags: [Flag] = [
    .value("bundle", "b", help: "path to the root of the bundle directory, defaults to the current directory"),
    .value("console-socket", help: "path to an AF_UNIX socket which will receive the master end of the console's pseudoterminal"),
    .value("pid-file", help: "specify the file to write the process id to"),
    .toggle("no-pivot", help: "do not use pivot root to jail process inside rootfs, for a rootfs on top of a ramdisk"),
    .toggle("no-new-keyring", help: "do not create a new session keyring for the container"),
    .value("preserve-fds", help: "pass N additional file descriptors to the container (stdio + $LISTEN_FDS + N in total)"),
  ]

  let log: Log
  let store: Store
  let bundle: Bundle
  let io: ProcessIO
  private(set) var container: Container
  private var plan: LaunchPlan
  private let filter: Seccomp.Program

  /// Reads, checks and compiles; nothing is made yet.
  init(_ invocation: Invocation, detached: Bool) throws(HullError) {
    log = invocation.log
    store = invocation.store
    let id = invocation.positional[0]
    try Store.validate(id: id)
    bundle = try Bundle(invocation.arguments.value("bundle") ?? ".")
    plan = try LaunchCompiler.compile(bundle.spec, id: id, bundle: bundle.path)
    let cache = FilterCache(directory: store.root + "/.seccomp")
    filter = try bundle.filter.map { value throws(HullError) in try cache.program(value) } ?? Seccomp.Program()
    plan.process.seccompProgram = filter.code
    plan.process.seccompFlags = filter.flags
    plan.root.noPivot = invocation.arguments.has("no-pivot")
    plan.newSessionKeyring = !invocation.arguments.has("no-new-keyring")
    io = try ProcessIO(invocation.arguments, terminal: plan.process.terminal, detached: detached)
    try io.prepare(&plan.process)
    try plan.cgroup?.resources.refuseUnifiedOnLegacy()
    guard case .directory(let root) = plan.root.source else { throw HullError(.internalError, "the bundle's root is no directory") }
    let rootfs = try Self.checkedRoot(root)
    plan.root.source = .directory(rootfs)
    var record = Record(
      ociVersion: bundle.spec.ociVersion, id: id, bundle: bundle.path, rootfs: rootfs, created: Clock.now(precise: true))
    record.annotations = bundle.spec.annotations
    record.cgroup = plan.cgroup?.path
    record.sharesPids = plan.namespaces.contains { $0.kind == .pid && $0.path == nil } ? nil : true
    record.personality = bundle.spec.linux?.personality?.domain
    container = Container(record: record, directory: store.directory(id))
  }

  private static func checkedRoot(_ path: String) throws(HullError) -> String {
    do {
      let status = try Files.status(path)
      guard status.isDirectory else { throw SystemError(ENOTDIR, "stat \(path)") }
    } catch {
      throw HullError(.invalidArgument, "invalid rootfs: \(error)")
    }
    return try StateFiles.resolved(path)
  }

  /// Makes the container and its process, which waits at the gate or, without one, runs. On failure nothing is left.
  mutating func launch(gate: Bool) throws(HullError) -> LaunchedProcess {
    try store.makeDirectory(container.id)
    do throws(HullError) {
      try refuseForeignProcesses()
      let lock = try StateLock(container.directory)
      let process = try launchLocked(gate: gate)
      _ = consume lock
      return process
    } catch {
      // What the launcher made is gone already; what is left is a process that ran when a later step failed, and our files.
      Removal.purge(container, store: store, log: log)
      throw error
    }
  }

  private mutating func launchLocked(gate: Bool) throws(HullError) -> LaunchedProcess {
    if gate {
      try container.makeGate()
      plan.startGate = container.gate
    }
    // Written before there is anything to clean up: `delete --force` finds the control group even when this process is killed now.
    try container.save()
    try container.save(config: bundle.text)
    try container.save(filter: filter)
    let socket = try io.connect()
    let process: LaunchedProcess
    let treatment: Treatment
    do throws(HullError) {
      treatment = try Treatment(bundle.spec.process ?? RuntimeSpec.Process(args: []), personality: container.record.personality)
      process = try Launcher.launch(plan, stdio: io.stdio)
    } catch {
      throw HullError(error.code, "unable to start container process", cause: error)
    }
    log.launch(process.warnings, detached: io.detached)
    container.record.pid = process.pid
    container.record.started = ProcessTable.started(process.pid) ?? 0
    try container.save()
    try treatment.complete(process.pid)
    try io.handOver(process, socket: socket)
    return process
  }

  /// Two containers in one group would be limited, frozen and killed together.
  private func refuseForeignProcesses() throws(HullError) {
    guard let path = plan.cgroup?.path, let count = try? Cgroups.processes(path).count, count > 0 else { return }
    throw HullError(.conflict, "container's cgroup is not empty: \(count) process(es) found in \(path)")
  }
}
