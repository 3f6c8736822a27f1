// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// When a container that has ended is started again, and how long to wait before.
struct RestartBackOff: Sendable, Equatable {
  static let first: Int64 = 100_000_000
  static let longest: Int64 = 60_000_000_000
  /// A run of at least this long makes the next wait the first again.
  static let healthyRun: Int64 = 10_000_000_000

  /// Nanoseconds of the last wait; 0 before the first.
  private(set) var delay: Int64 = 0

  /// The nanoseconds to wait after a run that lasted `run` nanoseconds.
  mutating func next(after run: Int64) -> Int64 {
    delay = run >= RestartBackOff.healthyRun || delay == 0 ? RestartBackOff.first : min(delay * 2, RestartBackOff.longest)
    return delay
  }
}

extension RestartPolicy {
  var isNone: Bool { name.isEmpty || name == "no" }

  /// Whether a container that ended by itself with `exitCode`, having been restarted `count` times, is started again.
  func restarts(exitCode: Int32, count: Int, manuallyStopped: Bool) -> Bool {
    if manuallyStopped { return false }
    switch name {
    case "always", "unless-stopped": return true
    case "on-failure": return exitCode != 0 && (maximumRetryCount == 0 || count < maximumRetryCount)
    default: return false
    }
  }

  /// Throws `invalidArgument` in Docker's words.
  func validate() throws(HullError) {
    switch name {
    case "always", "unless-stopped", "no":
      guard maximumRetryCount == 0 else {
        let reason = maximumRetryCount < 0 ? " and cannot be negative" : ""
        throw HullError(.invalidArgument, "invalid restart policy: maximum retry count can only be used with 'on-failure'\(reason)")
      }
    case "on-failure":
      guard maximumRetryCount >= 0 else {
        throw HullError(.invalidArgument, "invalid restart policy: maximum retry count cannot be negative")
      }
    case "": break
    default:
      throw HullError(
        .invalidArgument, "invalid restart policy: unknown policy '\(name)'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'")
    }
  }
}
