// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem
import ShimProtocol

extension Supervisor {
  /// Does what is asked; requests that change the connection itself are not among these.
  func answer(_ request: ShimRequest) throws(HullError) -> ShimReply {
    switch request {
    case .exec(let exec): return try start(exec)
    case .signal(let name, let number): try signal(name, number)
    case .resize(let name, let rows, let columns): try resize(name, rows, columns)
    case .closeStdin(let name): try running(name).closeInput()
    case .pause: try pause()
    case .resume: try resume()
    case .update(let resources): try Cgroups.apply(resources, to: group())
    case .network(let plan): try changeNetwork(plan)
    case .mount(let plan): try liveMount().add(plan)
    case .unmount(let destination): try liveMount().remove(destination)
    case .stats: return .stats(try Cgroups.stats(group()))
    case .processes: return .processes(try processes())
    case .status: return .status(status)
    case .launch, .attach, .subscribe, .finish: throw HullError(.unsupported, "request does not fit this connection")
    }
    return .ok
  }

  /// Starts the workload.
  func launch(_ request: LaunchRequest) throws(HullError) -> ShimReply {
    guard first.phase == .expected, !leaving else { throw HullError(.conflict, "container \(options.id) has been started already") }
    let log: JSONLog? = if let plan = request.log { try JSONLog(plan) } else { nil }
    var plan = request.plan
    complete(&plan.process, for: first)
    let runtime = makeRuntime(request.runtime)
    let started = try ProcessChannels.open(terminal: plan.process.terminal, input: request.stdin != .closed) { stdio throws(HullError) in
      try runtime.launch(plan, stdio: stdio, connect: connector(request.network))
    }
    startedAt = Timestamp.now()
    cgroupPath = plan.cgroup?.path
    self.runtime = runtime
    self.log = log
    first.started(started.pid, started.channels, closesInput: request.stdin == .openOnce, log: log)
    return .started(pid: started.pid, warnings: started.warnings)
  }

  /// What connects the new process; ports are held before there is one.
  private func connector(_ plan: NetworkPlan?) throws(HullError) -> ((Int32) throws(HullError) -> Void)? {
    guard let plan else { return nil }
    let network = WorkloadNetwork(loop: loop)
    self.network = network
    try network.hold(plan.ports)
    return { (pid) throws(HullError) in try network.apply(plan, pid: pid) }
  }

  private func changeNetwork(_ plan: NetworkPlan) throws(HullError) {
    _ = try running("")
    guard let network else { throw HullError(.conflict, "container \(options.id) has no network of its own") }
    try network.apply(plan, pid: first.pid)
  }

  /// The launch has been refused; nothing is to be left of it.
  func leaveAfterFailedLaunch() {
    network?.close()
    network = nil
    if first.phase == .expected { leave() }
  }

  private func makeRuntime(_ choice: RuntimeChoice) -> any WorkloadRuntime {
    switch choice {
    case .builtin: BuiltinRuntime()
    case .command(let command): CommandLineRuntime(command, id: options.id, runDirectory: options.runDirectory)
    }
  }

  private func start(_ request: ExecRequest) throws(HullError) -> ShimReply {
    let process = try slot(for: request.execID)
    do {
      let started = try runtimeStart(request, process)
      process.started(started.pid, started.channels, closesInput: true, log: nil)
      // Input comes and goes with the first client that attached it; nobody else could ever send any.
      if !process.clients.contains(where: \.request.stdin) { process.closeInput() }
      notify(.execStarted(process: request.execID, pid: started.pid))
      return .started(pid: started.pid, warnings: started.warnings)
    } catch {
      execs[request.execID] = nil
      process.end()
      throw error
    }
  }

  private func runtimeStart(_ request: ExecRequest, _ process: ManagedProcess) throws(HullError) -> StartedProcess {
    guard let runtime, first.phase == .running else { throw HullError(.conflict, "container \(options.id) is not running") }
    guard !paused else { throw HullError(.conflict, "container \(options.id) is paused, unpause the container before exec") }
    var request = request
    complete(&request.process, for: process)
    let target = JoinTarget(pid: first.pid, cgroupPath: cgroupPath)
    return try ProcessChannels.open(terminal: request.process.terminal, input: request.openStdin) { [request] stdio throws(HullError) in
      try runtime.exec(request, in: target, stdio: stdio)
    }
  }

  private func complete(_ plan: inout ProcessPlan, for process: ManagedProcess) {
    environment.complete(&plan)
    if let size = process.size { (plan.rows, plan.columns) = size }
  }

  private func slot(for name: String) throws(HullError) -> ManagedProcess {
    guard !name.isEmpty else { throw HullError(.invalidArgument, "exec has no ID") }
    let process = execs[name] ?? expectExec(name)
    guard process.phase == .expected else { throw HullError(.conflict, "exec \(name) has been started already") }
    return process
  }

  private func running(_ name: String) throws(HullError) -> ManagedProcess {
    let process = name.isEmpty ? first : execs[name]
    guard let process, process.phase == .running else {
      throw HullError(.conflict, name.isEmpty ? "container \(options.id) is not running" : "exec \(name) is not running")
    }
    return process
  }

  private func signal(_ name: String, _ number: Int32) throws(HullError) {
    let process = try running(name)
    guard kill(process.pid, number) == 0 else {
      let reason = errno
      let code: HullError.Code = reason == EINVAL ? .invalidArgument : .internalError
      throw HullError(code, "cannot send signal \(number) to container \(options.id): \(errorText(reason))")
    }
    if number == SIGKILL, paused { try resume() }
  }

  private func resize(_ name: String, _ rows: UInt16, _ columns: UInt16) throws(HullError) {
    let process = name.isEmpty ? first : execs[name]
    guard let process, process.canBeAttached else {
      throw HullError(.conflict, name.isEmpty ? "container \(options.id) is not running" : "exec \(name) is not running")
    }
    process.resize(rows: rows, columns: columns)
  }

  private func pause() throws(HullError) {
    _ = try running("")
    guard !paused else { throw HullError(.conflict, "container \(options.id) is already paused") }
    try Cgroups.freeze(group())
    paused = true
  }

  private func resume() throws(HullError) {
    guard paused else { throw HullError(.conflict, "container \(options.id) is not paused") }
    try Cgroups.thaw(group())
    paused = false
  }

  private func liveMount() throws(HullError) -> LiveMount {
    LiveMount(pid: try running("").pid, sourceNamespace: runtime?.hostMounts ?? -1)
  }

  private func processes() throws(HullError) -> [Int32] {
    _ = try running("")
    guard let cgroupPath else { return [first.pid] + execs.values.filter { $0.phase == .running }.map(\.pid) }
    return try Cgroups.processes(cgroupPath)
  }

  private func group() throws(HullError) -> String {
    _ = try running("")
    guard let cgroupPath else { throw HullError(.unsupported, "container \(options.id) has no control group") }
    return cgroupPath
  }
}
