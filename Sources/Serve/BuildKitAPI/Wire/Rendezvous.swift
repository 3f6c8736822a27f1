// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Values by name, which may be asked for before they are there: a client opens its session, its build and its progress at the same time, over
/// connections of which any may be first.
final class Rendezvous<Value: Sendable>: Sendable {
  private struct State {
    var values: [String: Value] = [:]
    var waiters: [String: [UInt64: CheckedContinuation<Value?, Never>]] = [:]
    var serial: UInt64 = 0
  }
  private let state = Mutex(State())
  private let patience: Duration

  /// - Parameter patience: how long a value is waited for.
  init(patience: Duration) { self.patience = patience }

  /// Whether it was added: not when there is one of that name.
  func add(_ name: String, _ value: Value) -> Bool {
    let waiters = state.withLock { state -> [UInt64: CheckedContinuation<Value?, Never>]? in
      guard state.values[name] == nil else { return nil }
      state.values[name] = value
      return state.waiters.removeValue(forKey: name) ?? [:]
    }
    guard let waiters else { return false }
    for waiter in waiters.values { waiter.resume(returning: value) }
    return true
  }

  func remove(_ name: String) { state.withLock { $0.values[name] = nil } }

  var values: [Value] { state.withLock { Array($0.values.values) } }

  /// The value; `nil` when it does not come in time or the task is cancelled.
  func value(_ name: String) async -> Value? {
    let serial = state.withLock { state in
      state.serial += 1
      return state.serial
    }
    let timer = Task { [patience] in
      try await Task.sleep(for: patience)
      giveUp(name, serial)
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { wait(for: name, serial, $0) }
    } onCancel: {
      giveUp(name, serial)
    }
  }

  private func wait(for name: String, _ serial: UInt64, _ continuation: CheckedContinuation<Value?, Never>) {
    let (ready, value) = state.withLock { state -> (Bool, Value?) in
      if let value = state.values[name] { return (true, value) }
      if Task.isCancelled { return (true, nil) }
      state.waiters[name, default: [:]][serial] = continuation
      return (false, nil)
    }
    if ready { continuation.resume(returning: value) }
  }

  private func giveUp(_ name: String, _ serial: UInt64) {
    let waiter = state.withLock { state in
      defer { if state.waiters[name]?.isEmpty == true { state.waiters[name] = nil } }
      return state.waiters[name]?.removeValue(forKey: serial)
    }
    waiter?.resume(returning: nil)
  }
}
