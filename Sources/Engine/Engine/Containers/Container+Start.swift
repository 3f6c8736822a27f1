// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import ShimProtocol
import Threads

extension Container {
  /// Starts it because a user asked. Throws `notModified` when it runs.
  func start() async throws {
    try await lock.withLock {
      try checkStartable()
      try await launch(byUser: true)
    }
  }

  private func checkStartable() throws(HullError) {
    if state.status == .paused { throw HullError(.conflict, "cannot start a paused container, try unpause instead") }
    if state.status.isRunning { throw HullError(.notModified, "container is already running") }
    if removing || state.status == .dead { throw HullError(.conflict, "container is marked for removal and cannot be started") }
  }

  /// Brings the workload up. With `lock` held; a failure is written down, and an auto-remove container is removed.
  func launch(byUser: Bool) async throws {
    let before = state
    do {
      try await launch(startState(byUser: byUser))
    } catch {
      let failure = StartFailure(error)
      if let shim { await discard(shim) }
      state = before
      state.status = before.status == .restarting ? .exited : before.status
      state.error = failure.error.description
      // A code that says nothing of the command does not cover the last one.
      if failure.exitCode < 128 || state.exitCode == 0 { state.exitCode = failure.exitCode }
      if host.autoRemove && !recreating { await removeAfterEnd() } else { await save() }
      throw failure.error
    }
  }

  private func startState(byUser: Bool) -> StateRecord {
    var state = self.state
    state.status = .running
    state.error = ""
    state.exitCode = 0
    state.oomKilled = false
    state.startedAt = Timestamp.now()
    if byUser {
      state.manuallyStopped = false
      state.restartCount = 0
      backOff = RestartBackOff()
    }
    return state
  }

  private func launch(_ running: StateRecord) async throws {
    let connection = self.connection
    var running = running
    let lower = try await layers()
    let joined = try await joinedNamespaces()
    let (kept, preferred) = (self.kept, self.preferred)
    self.kept = nil
    running.connection = try await Blocking.run {
      if let kept { connection.letGo(of: kept) }
      return try connection.open(preferring: preferred)
    }
    do {
      try await launch(running, lower, joined)
    } catch {
      if let taken = running.connection { try? await Blocking.run { connection.close(taken) } }
      throw error
    }
  }

  private func launch(_ running: StateRecord, _ lower: [String], _ joined: JoinedNamespaces) async throws {
    let shim: Shim
    if let present = self.shim { shim = present } else { shim = try await spawnShim() }
    try await mountVolumes()
    let preparation = LaunchPreparation(
      record: record, paths: paths, services: services, lower: lower, joined: joined, connection: running.connection)
    let request = try await Blocking.run { try preparation.request() }
    // The intent goes to disk while the workload comes up; the answer waits for both.
    let (images, used) = (services.images, record.images)
    async let saved: Void = services.store.save(running, of: id) { try images.touch(used, in: $0) }
    let started = try await shim.connection.launch(request)
    try await saved
    for warning in started.warnings { services.log.warning("container \(id): \(warning)") }
    pid = started.pid
    state = running
    startHealthMonitor()
    await tellLinked()
    event("start")
  }

  func layers() async throws -> [String] {
    if let lower { return lower }
    let (images, holder) = (services.images, record.imageHolder)
    let found = try await Blocking.run { try images.layersHeld(by: holder) }
    lower = found
    return found
  }

  /// The processes of the containers that this one shares namespaces with.
  private func joinedNamespaces() async throws -> JoinedNamespaces {
    var joined = JoinedNamespaces()
    if let other = host.network.container { joined.network = try Container.joinable(other, "network", services).pid }
    if let other = host.pid.container { joined.pid = try Container.joinable(other, "PID", services).pid }
    if let other = host.ipc.container {
      let donor = try Container.joinable(other, "IPC", services)
      guard donor.host.ipcMode == "shareable" else {
        throw HullError(
          .invalidArgument, "cannot join IPC of container \(donor.record.id): non-shareable IPC (hint: use IpcMode:shareable for the donor container)"
        )
      }
      joined.ipc = donor.pid
      joined.sharedMemory = services.paths.container(donor.record.id).run + "/shm"
    }
    return joined
  }

  static func joinable(_ reference: String, _ kind: String, _ services: Services) throws(HullError) -> ContainerView {
    let view = try services.registry.find(reference).view
    guard view.isRunning, view.pid > 0 else {
      throw HullError(.conflict, "cannot join \(kind) namespace of a non running container: container \(reference) is \(view.status.rawValue)")
    }
    if view.state.status == .restarting {
      throw HullError(.conflict, "Container \(view.record.id) is restarting, wait until the container is running")
    }
    return view
  }

  /// Writes the state down; a failure to do so is logged: what runs is still known by its shim.
  func save() async {
    do { try await services.store.save(state, of: id) } catch { services.log.error("container \(id): cannot save its state: \(error)") }
  }
}

/// A start that did not work, in the words and with the exit code that Docker has for it.
struct StartFailure {
  let error: HullError
  let exitCode: Int32

  init(error: HullError, exitCode: Int32) {
    self.error = error
    self.exitCode = exitCode
  }

  init(_ cause: any Error) {
    let failure = cause as? HullError ?? HullError(.internalError, "cannot start the container", cause: cause)
    switch failure.code {
    case .commandNotFound: self.init(error: StartFailure.worded(failure), exitCode: 127)
    case .commandNotExecutable: self.init(error: StartFailure.worded(failure), exitCode: 126)
    default: self.init(error: failure, exitCode: 128)
    }
  }

  private static func worded(_ failure: HullError) -> HullError {
    HullError(
      failure.code,
      "failed to create task for container: failed to create shim task: OCI runtime create failed: unable to start container process: "
        + "error during container init: \(failure): unknown")
  }
}
