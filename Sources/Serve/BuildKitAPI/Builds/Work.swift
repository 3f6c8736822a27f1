// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Threads

/// Something that is done when it is first asked for. Those who wait may give up; it goes on then, until it is ended.
final class Work<Value: Sendable>: Sendable {
  private struct State {
    var task: Task<Void, Never>?
    var outcome: Result<Value, any Error>?
    var isOver = false
  }

  private let promise = Promise<Value>()
  private let state = Mutex(State())

  /// What it gives, now or later.
  func value(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let mayWait = state.withLock { state in
      guard !state.isOver else { return false }
      guard state.task == nil else { return true }
      state.task = Task { [weak self] in
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        self?.finish(outcome)
      }
      return true
    }
    guard mayWait else { throw CancellationError() }
    return try await promise.value()
  }

  private func finish(_ outcome: Result<Value, any Error>) {
    state.withLock { $0.outcome = outcome }
    promise.fulfil(outcome)
  }

  /// Has it cancelled; whoever still waits gets an error.
  func cancel() {
    let task = state.withLock { state in
      state.isOver = true
      return state.task
    }
    task?.cancel()
    promise.fulfil(.failure(CancellationError()))
  }

  /// What it has given when it has come to its end; `nil`: nothing.
  func end() async -> Value? {
    cancel()
    await state.withLock { $0.task }?.value
    return try? state.withLock { $0.outcome }?.get()
  }
}
