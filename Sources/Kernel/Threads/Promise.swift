// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A result that will be there one day, for any number of tasks; each may give up waiting.
package final class Promise<Value: Sendable>: Sendable {
  private struct State {
    var result: Result<Value, any Error>?
    var next: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Value, any Error>] = [:]
    var cancelled: Set<UInt64> = []
  }

  private let state = Mutex(State())

  package init() {}

  /// The first result counts.
  package func fulfil(_ result: Result<Value, any Error>) {
    let waiting = state.withLock { state -> [CheckedContinuation<Value, any Error>] in
      guard state.result == nil else { return [] }
      state.result = result
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for continuation in waiting { continuation.resume(with: result) }
  }

  /// Makes the result, here and now.
  package func fulfil(by body: () async throws -> Value) async throws -> Value {
    do {
      let value = try await body()
      fulfil(.success(value))
      return value
    } catch {
      fulfil(.failure(error))
      throw error
    }
  }

  /// Waits for the result. Throws `CancellationError` at once when the caller is cancelled.
  package func value() async throws -> Value {
    let ticket = state.withLock { state in
      state.next += 1
      return state.next
    }
    defer { state.withLock { _ = $0.cancelled.remove(ticket) } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome = state.withLock { state -> Result<Value, any Error>? in
          if let result = state.result { return result }
          if state.cancelled.contains(ticket) { return .failure(CancellationError()) }
          state.waiting[ticket] = continuation
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let continuation = state.withLock { state in
        state.cancelled.insert(ticket)
        return state.waiting.removeValue(forKey: ticket)
      }
      continuation?.resume(throwing: CancellationError())
    }
  }
}
