// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Work that many want at the same time is done once: who comes while it is going on waits for the same result.
final class Flights<Value: Sendable>: Sendable {
  private let running = Mutex<[String: Task<Value, any Error>]>([:])

  /// The work does not end when one of those who wait goes away.
  func run(_ key: String, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let task = running.withLock { running in
      if let task = running[key] { return task }
      let task = Task { [self] in
        defer { self.running.withLock { $0[key] = nil } }
        return try await work()
      }
      running[key] = task
      return task
    }
    return try await task.value
  }
}
