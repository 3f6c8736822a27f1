// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets one task at a time through, in the order of arrival; waiting does not block a thread.
final class AsyncLock: Sendable {
  private struct State {
    var held = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  /// Runs `body` while holding the lock. Not reentrant.
  func withLock<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> sending Result
  ) async rethrows -> sending Result {
    await acquire()
    defer { release() }
    return try await body()
  }

  private func acquire(isolation: isolated (any Actor)? = #isolation) async {
    await withCheckedContinuation { continuation in
      let free = state.withLock { state in
        if state.held {
          state.waiting.append(continuation)
          return false
        }
        state.held = true
        return true
      }
      if free { continuation.resume() }
    }
  }

  private func release() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.waiting.isEmpty {
        state.held = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
