// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import ShimProtocol
import Threads

extension Container {
  /// Finds out what has become of it since the last daemon wrote it down.
  func recover() async {
    let run = paths.run
    let descriptor = try? await Blocking.run { try ShimSocket.connect(to: run) }
    guard let descriptor, let connection = try? await ShimConnection.open(descriptor), let status = try? await connection.subscribe() else {
      return await recoverWithoutShim()
    }
    let shim = adopt(connection, process: nil)
    switch status.state {
    case .running, .paused:
      resume(status)
      await adoptVolumeMounts()
      await settleMounts()
    case .exited:
      resume(status)
      await adoptVolumeMounts()
      if let exit = status.exit { await ended(exit, shim: shim) }
    case .waiting:
      // It had not been told to start: nobody has been told that it did.
      await lock.withLock { await discard(shim) }
      await neverStarted()
    }
  }

  private func resume(_ status: ShimStatus) {
    pid = status.exit == nil ? status.pid : 0
    state.status = status.state == .paused ? .paused : .running
    if state.startedAt == 0 { state.startedAt = status.startedAt }
    if let taken = state.connection { connection.retake(taken) }
    for exec in status.execs where exec.exit == nil { services.execs.adopt(exec.id, containerID: id, pid: exec.pid) }
    startHealthMonitor()
  }

  private func recoverWithoutShim() async {
    let exit = await ExitRecord.read(run: paths.run)
    let (run, cgroup) = (paths.run, cgroupPath)
    if state.status.isRunning || HostFiles.exists(run) { try? await Blocking.run { try Leftovers.remove(run: run, cgroup: cgroup) } }
    state.connection = nil
    guard state.status == .running || state.status == .paused else {
      if state.status == .restarting { scheduleRestart(after: 0) }
      return
    }
    // The machine has gone down, or the shim was killed together with its workload.
    state.exitCode = exit?.code ?? 255
    state.finishedAt = exit?.time ?? Timestamp.now()
    state.oomKilled = exit?.oomKilled ?? false
    state.status = .exited
    await save()
    if host.autoRemove { await lock.withLock { await removeAfterEnd() } }
  }

  private func neverStarted() async {
    guard state.status == .running else { return }
    state.connection = nil
    state.status = state.finishedAt == 0 ? .created : .exited
    if state.status == .created { state.startedAt = 0 }
    await save()
  }

  /// Starts it when its policy says so after a boot.
  func startAfterBoot() async {
    guard state.status == .exited, state.startedAt != 0, services.registry.container(id: id) != nil else { return }
    let policy = host.restartPolicy
    guard policy.name == "always" || policy.restarts(exitCode: state.exitCode, count: state.restartCount, manuallyStopped: state.manuallyStopped)
    else {
      return
    }
    state.status = .restarting
    scheduleRestart(after: 0)
  }
}
