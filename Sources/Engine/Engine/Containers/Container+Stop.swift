// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import ShimProtocol

extension Container {
  private static let defaultStopSeconds = 10
  private static let killSeconds = 10

  /// Signals, waits, kills. `seconds` -1: waits for ever. Throws `notModified` when it does not run.
  func stop(signal: String?, seconds: Int?) async throws {
    guard state.status.isRunning else { throw HullError(.notModified, "container is already stopped") }
    let number = try Signals.parse(signal.flatMap { $0.isEmpty ? nil : $0 } ?? (config.stopSignal.isEmpty ? "TERM" : config.stopSignal))
    try await stopRunning(number, seconds: seconds ?? config.stopTimeout ?? Container.defaultStopSeconds)
    event("stop")
  }

  private func stopRunning(_ number: Int32, seconds: Int) async throws {
    if await lock.withLock({ await cancelRestart() }) { return }
    let end = wait(.notRunning)
    try await sendUnlessEnding(number)
    if try await end.within(seconds: seconds < 0 ? nil : seconds) { return }
    services.log.info("container \(id) has not ended within \(seconds) s of signal \(number): it is killed")
    try await killAndWait()
  }

  /// `docker kill`. SIGKILL waits for the end.
  func kill(signal: String?) async throws {
    let number = try signal.flatMap { $0.isEmpty ? nil : $0 }.map { text throws(HullError) in try Signals.parse(text) } ?? 9
    guard state.status.isRunning else { throw notRunning() }
    if await lock.withLock({ await cancelRestart() }) { return }
    if number == 9 { return try await killAndWait() }
    let stopSignal = try Signals.parse(config.stopSignal.isEmpty ? "TERM" : config.stopSignal)
    try await send(number, stops: number == stopSignal)
  }

  /// Kills it and waits until it has ended. Fine when it ends by itself meanwhile.
  func killAndWait() async throws {
    if await lock.withLock({ await cancelRestart() }) { return }
    let end = wait(.notRunning)
    try await sendUnlessEnding(9)
    guard try await end.within(seconds: Container.killSeconds) else {
      throw HullError(.internalError, "tried to kill container \(id), but did not receive an exit event")
    }
  }

  /// A workload of which its shim says that it does not run is about to be known as ended.
  private func sendUnlessEnding(_ number: Int32) async throws {
    do { try await send(number, stops: true) } catch {
      if error.code != .conflict && state.status.isRunning { throw error }
    }
  }

  /// `stops`: the signal is meant to end it, so that no policy starts it again.
  private func send(_ number: Int32, stops: Bool) async throws(HullError) {
    let connection = try runningShim()
    let paused = state.status == .paused
    if stops && !state.manuallyStopped {
      state.manuallyStopped = true
      await save()
    }
    do {
      try await connection.call(.signal(process: "", number: number))
      if paused && stops { try await resume(connection) }
    } catch {
      guard state.status.isRunning else { return }
      throw error as? HullError ?? HullError(.internalError, "cannot signal container \(id)", cause: error)
    }
    event("kill", ["signal": String(number)])
  }

  private func resume(_ connection: ShimConnection) async throws {
    _ = try? await connection.call(.resume)
    if state.status == .paused { state.status = .running }
  }

  /// Stops it when it runs, then starts it.
  func restart(signal: String?, seconds: Int?) async throws {
    if state.status.isRunning {
      restartedByUser = true
      defer { restartedByUser = false }
      do { try await stop(signal: signal, seconds: seconds) } catch let error as HullError where error.code == .notModified {}
    }
    try await start()
    event("restart")
  }

  func pause() async throws {
    try await lock.withLock {
      let connection = try runningOrRestarting()
      if state.status == .paused { throw HullError(.conflict, "container \(id) is already paused") }
      try await connection.call(.pause)
      state.status = .paused
      event("pause")
      await save()
    }
  }

  func unpause() async throws {
    try await lock.withLock {
      guard state.status == .paused else { throw HullError(.conflict, "Container \(id) is not paused") }
      try await runningShim().call(.resume)
      state.status = .running
      event("unpause")
      await save()
    }
  }

  /// Throws in Docker's words when the container waits for its restart or does not run.
  func runningOrRestarting() throws(HullError) -> ShimConnection {
    if state.status == .restarting { throw HullError(.conflict, "Container \(id) is restarting, wait until the container is running") }
    return try runningShim()
  }
}

extension WaitHandle {
  /// Whether the wait ends within a time; `nil` waits for ever.
  func within(seconds: Int?) async throws -> Bool {
    guard let seconds else {
      _ = try await result()
      return true
    }
    return try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        _ = try await result()
        return true
      }
      group.addTask {
        try await Task.sleep(nanoseconds: UInt64(max(0, seconds)) * 1_000_000_000)
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
  }
}
