// SPDX-License-Identifier: Apache-2.0

/// How long to wait before something is tried again, and when to stop trying.
struct Attempts: Sendable {
  private let limits: ClientLimits
  private let maximum: Int
  private let retriesUnreachable: Bool
  private var failed = 0

  /// - Parameters:
  ///   - maximum: attempts in a row that achieve nothing.
  ///   - retriesUnreachable: `false` where the user rather hears at once that nobody is there.
  init(_ limits: ClientLimits, maximum: Int? = nil, retriesUnreachable: Bool = true) {
    self.limits = limits
    self.maximum = maximum ?? limits.attempts
    self.retriesUnreachable = retriesUnreachable
  }

  /// Something was achieved: counting starts anew.
  mutating func progressed() { failed = 0 }

  /// The pause after a failure; `nil`: give up.
  mutating func pause(after failure: PlaceFailure) -> Duration? {
    failed += 1
    guard failure.isTransient, failed < maximum, retriesUnreachable || failure.kind != .unreachable else { return nil }
    if let wanted = failure.retryAfter { return wanted <= limits.longestRetryAfter ? wanted : nil }
    // Who wants fewer requests and does not say until when has a limit of hours.
    guard failure.kind != .limited else { return nil }
    let pause = min(limits.backoff * (1 << min(failed - 1, 16)), limits.longestBackoff)
    return pause * Double.random(in: 0.5...1)
  }
}

/// Runs `body` again when a place could not answer just then.
func retrying<Result>(_ attempts: Attempts, _ body: () async throws -> Result) async throws -> Result {
  var attempts = attempts
  while true {
    do { return try await body() } catch let failure as PlaceFailure {
      guard let pause = attempts.pause(after: failure) else { throw failure }
      try await Task.sleep(for: pause)
    }
  }
}
