// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets a number of jobs run at a time; the others wait in the order in which they came, without a thread.
package final class AsyncLimiter: Sendable {
  private struct State {
    var free: Int
    var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
    var cancelled: Set<UInt64> = []
    var next: UInt64 = 0
  }

  private let state: Mutex<State>

  package init(_ permits: Int) { state = Mutex(State(free: max(permits, 1))) }

  /// Runs `body` when it is its turn. Throws `CancellationError` when the task is cancelled while it waits.
  package func run<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await acquire()
    defer { release() }
    return try await body()
  }

  private func acquire() async throws {
    try Task.checkCancellation()
    let ticket = state.withLock { state in
      state.next += 1
      return state.next
    }
    defer { state.withLock { _ = $0.cancelled.remove(ticket) } }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in enqueue(ticket, continuation) }
    } onCancel: {
      cancel(ticket)
    }
  }

  private func enqueue(_ ticket: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
    let outcome: Result<Void, any Error>? = state.withLock { state in
      if state.cancelled.remove(ticket) != nil { return .failure(CancellationError()) }
      if state.free > 0 {
        state.free -= 1
        return .success(())
      }
      state.waiting.append((ticket, continuation))
      return nil
    }
    if let outcome { continuation.resume(with: outcome) }
  }

  /// May come before the ticket waits, while it does, or after it was let through.
  private func cancel(_ ticket: UInt64) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard let index = state.waiting.firstIndex(where: { $0.ticket == ticket }) else {
        state.cancelled.insert(ticket)
        return nil
      }
      return state.waiting.remove(at: index).continuation
    }
    waiting?.resume(throwing: CancellationError())
  }

  private func release() {
    let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst().continuation
    }
    next?.resume()
  }
}
