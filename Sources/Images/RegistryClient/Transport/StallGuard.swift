// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Notices when a transfer stands still.
final class StallGuard: Sendable {
  private let beats = Atomic<UInt64>(0)
  private let isAwaitingAnswer = Atomic<Bool>(false)

  /// Something moved.
  func beat() { beats.add(1, ordering: .relaxed) }

  /// Everything was sent: the other side may think now.
  func awaitAnswer() { isAwaitingAnswer.store(true, ordering: .relaxed) }

  /// Returns once nothing has moved for `limit`, or for `answer` when an answer is awaited.
  fileprivate func watch(_ limit: Duration, answer: Duration) async throws {
    var seen = beats.load(ordering: .relaxed)
    var still = Duration.zero
    while still < (isAwaitingAnswer.load(ordering: .relaxed) ? answer : limit) {
      try await Task.sleep(for: limit / 4)
      let now = beats.load(ordering: .relaxed)
      still = now == seen ? still + limit / 4 : .zero
      seen = now
    }
  }
}

/// Runs a transfer that must say `beat` from time to time.
/// - Parameter answer: how long an answer may take when everything was sent.
/// - Throws: `cut` when nothing moves for `limit`; or up to a quarter longer, since only the ends of intervals are looked at.
func withStallGuard<Result: Sendable>(
  _ limit: Duration, answer: Duration = .zero, _ call: Call, _ body: @escaping @Sendable (StallGuard) async throws -> Result
) async throws -> Result {
  let guarded = StallGuard()
  return try await withThrowingTaskGroup(of: Result?.self) { group in
    group.addTask { try await body(guarded) }
    group.addTask {
      try await guarded.watch(limit, answer: answer)
      return nil
    }
    defer { group.cancelAll() }
    guard let first = try await group.next(), let result = first else {
      throw PlaceFailure(.cut, "\(call.described): nothing moved for \(limit)")
    }
    return result
  }
}
