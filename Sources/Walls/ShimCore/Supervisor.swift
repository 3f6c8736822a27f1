// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Launch
import ShimLoop
import ShimProtocol

/// One workload: its processes, who listens to them, and what is to be said when it has ended.
///
/// Requests are in SupervisorRequests.swift, the end of processes is in SupervisorEnd.swift.
final class Supervisor {
  /// A shim that nobody talks to before the launch ends after this time: its daemon has died in between.
  private static let orphanMilliseconds: Int64 = 30_000
  /// How long answers may take to be read when the shim is about to end.
  private static let farewellMilliseconds: Int64 = 5_000

  let options: ShimOptions
  let environment: ShimEnvironment
  let loop: EventLoop
  lazy var first = ManagedProcess(name: "", loop: loop, owner: self)
  var execs: [String: ManagedProcess] = [:]
  var endedExecs: [ExecStatus] = []
  var runtime: (any WorkloadRuntime)?
  var cgroupPath: String?
  var network: WorkloadNetwork?
  var log: JSONLog?
  var paused = false
  var startedAt: Int64 = 0
  /// Set when everything about the workload's end is said.
  var exit: ProcessExit?
  private(set) var leaving = false
  private var connections: [ObjectIdentifier: ControlConnection] = [:]
  private var streams = 0
  private var orphanTimer: UInt64?
  private var listener: Listener?
  private var reaper: Reaper?

  init(_ options: ShimOptions, environment: ShimEnvironment) throws(HullError) {
    self.options = options
    self.environment = environment
    loop = try EventLoop()
  }

  /// Serves until the workload has ended and `finish` has come.
  func run() throws(HullError) {
    reaper = try Reaper(loop: loop) { [unowned self] pid, code in reaped(pid, code: code) }
    listener = Listener(options.listener, loop: loop) { [unowned self] socket in
      let connection = ControlConnection(socket, supervisor: self, loop: loop)
      connections[ObjectIdentifier(connection)] = connection
    }
    loop.whenIdle = { [unowned self] in
      log?.trim()
      network?.trim()
      hull_trim_heap()
      hull_trim_program()
    }
    watchForOrphanhood()
    loop.run()
  }

  var status: ShimStatus {
    var status = ShimStatus()
    if exit != nil {
      status.state = .exited
    } else if first.phase != .expected {
      status.state = paused ? .paused : .running
    }
    status.pid = first.pid
    status.startedAt = startedAt
    status.exit = exit
    let running = execs.values.filter { $0.phase == .running || $0.phase == .draining }
    status.execs = endedExecs + running.map { ExecStatus(id: $0.name, pid: $0.pid, exit: nil) }
    return status
  }

  func notify(_ event: ShimEvent) {
    for connection in connections.values { connection.notify(event) }
  }

  // MARK: Clients

  func connectionGone(_ connection: ControlConnection) {
    connections[ObjectIdentifier(connection)] = nil
    watchForOrphanhood()
    stopWhenAlone()
  }

  func becomesStream(_ connection: ControlConnection) {
    connections[ObjectIdentifier(connection)] = nil
    streams += 1
  }

  /// The process a client may attach to; one that is still to come when its exec has not been asked for yet.
  func processToAttach(_ name: String) throws(HullError) -> ManagedProcess {
    guard exit == nil, !leaving else { throw HullError(.conflict, "container \(options.id) is not running") }
    let process = name.isEmpty ? first : execs[name] ?? expectExec(name)
    guard process.canBeAttached else { throw HullError(.conflict, "process \(name) of container \(options.id) has ended") }
    return process
  }

  func expectExec(_ name: String) -> ManagedProcess {
    let process = ManagedProcess(name: name, loop: loop, owner: self)
    execs[name] = process
    return process
  }

  // MARK: Leaving

  /// Whether the shim may end. Throws while the workload runs.
  func prepareToLeave() throws(HullError) {
    guard first.phase == .expected || exit != nil else { throw HullError(.conflict, "container \(options.id) is running: stop it first") }
  }

  /// Removes what the shim has in the file system and ends as soon as everybody has got what is theirs.
  func leave() {
    guard !leaving else { return }
    leaving = true
    listener?.close()
    RunDirectory(options.runDirectory).remove()
    first.end()
    for process in execs.values { process.end() }
    for connection in connections.values { connection.endAfterSending() }
    loop.after(milliseconds: Supervisor.farewellMilliseconds) { [unowned self] in
      for connection in connections.values { connection.close() }
    }
    stopWhenAlone()
  }

  private func stopWhenAlone() {
    if leaving, connections.isEmpty, streams == 0 { loop.stop() }
  }

  private func watchForOrphanhood() {
    guard first.phase == .expected, connections.isEmpty, streams == 0, !leaving else { return }
    if let orphanTimer { loop.cancel(orphanTimer) }
    orphanTimer = loop.after(milliseconds: Supervisor.orphanMilliseconds) { [unowned self] in
      orphanTimer = nil
      if first.phase == .expected, connections.isEmpty, streams == 0 { leave() }
    }
  }
}

extension Supervisor: ProcessOwner {
  func clientGone(_ client: AttachStream, from process: ManagedProcess) {
    streams -= 1
    if process.phase == .expected, process !== first, process.clients.isEmpty { execs[process.name] = nil }
    watchForOrphanhood()
    stopWhenAlone()
  }
}
