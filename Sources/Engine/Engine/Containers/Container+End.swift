// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import ShimProtocol
import Threads

extension Container {
  /// The workload of `shim` has ended: writes it down, tells those who wait, clears up, and starts or removes the container when that is due.
  func ended(_ exit: ProcessExit, shim: Shim) async {
    await lock.withLock {
      guard self.shim?.generation == shim.generation else { return }
      guard state.status.isRunning else {
        // A shim that was only prepared for an attach has gone.
        await discard(shim)
        return
      }
      await endedLocked(exit, shim: shim)
    }
  }

  private func endedLocked(_ exit: ProcessExit, shim: Shim) async {
    monitor?.stop()
    monitor = nil
    let run = max(0, exit.time - state.startedAt)
    var after = state
    after.exitCode = exit.code
    after.oomKilled = exit.oomKilled
    after.finishedAt = exit.time
    let connection = self.connection
    if let taken = after.connection {
      let keeps = recreating
      if keeps { (kept, preferred) = (taken, taken) }
      try? await Blocking.run { keeps ? connection.suspend(taken) : connection.close(taken) }
    }
    after.connection = nil
    let restarts =
      !restartedByUser && host.restartPolicy.restarts(exitCode: exit.code, count: after.restartCount, manuallyStopped: after.manuallyStopped)
    after.status = restarts ? .restarting : .exited
    if restarts { after.restartCount += 1 }
    let vanishes = host.autoRemove && !restartedByUser
    // On disk before the shim, who also knows it, is let go.
    if !vanishes {
      do { try await services.store.save(after, of: id) } catch { services.log.error("container \(id): cannot save its end: \(error)") }
    }
    pid = 0
    state = after
    services.execs.end(of: id)
    services.logWatcher.poke(paths.directory)
    if exit.oomKilled { event("oom") }
    event("die", ["exitCode": String(exit.code), "execDuration": String(run / 1_000_000_000)])
    waiters.notify(outcome, removed: false)
    if vanishes {
      await removeAfterEnd(of: shim)
    } else {
      await discard(shim)
      if restarts { scheduleRestart(after: run) }
    }
  }

  /// Starts it again after the back-off, unless somebody stops it before.
  func scheduleRestart(after run: Int64) {
    let delay = backOff.next(after: run)
    restart = Task { [weak self] in
      guard (try? await Task.sleep(nanoseconds: UInt64(delay))) != nil else { return }
      await self?.restartNow()
    }
  }

  private func restartNow() async {
    await waitForLinked()
    await lock.withLock {
      guard state.status == .restarting, !removing else { return }
      do { try await launch(byUser: false) } catch {
        services.log.error("container \(id): cannot be restarted: \(error)")
        waiters.notify(outcome, removed: false)
      }
    }
  }

  /// Gives up a restart that is due. `false` when none is. With `lock` held.
  func cancelRestart() async -> Bool {
    guard state.status == .restarting else { return false }
    restart?.cancel()
    restart = nil
    state.status = .exited
    state.manuallyStopped = true
    await save()
    waiters.notify(outcome, removed: false)
    return true
  }
}
