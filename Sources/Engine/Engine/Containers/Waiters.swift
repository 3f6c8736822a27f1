// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// When a wait ends.
enum WaitCondition: String {
  case notRunning = "not-running"
  case nextExit = "next-exit"
  case removed

  /// Throws `invalidArgument` in Docker's words.
  init(parsing text: String?) throws(HullError) {
    guard let text, !text.isEmpty else {
      self = .notRunning
      return
    }
    guard let condition = WaitCondition(rawValue: text) else { throw HullError(.invalidArgument, "invalid condition: \"\(text)\"") }
    self = condition
  }
}

/// Those who wait for a container to end or to be removed.
struct Waiters {
  private var next = 0
  private var waiting: [Int: (condition: WaitCondition, sink: AsyncStream<ContainerWaitResponse>.Continuation)] = [:]

  mutating func add(_ condition: WaitCondition, sink: AsyncStream<ContainerWaitResponse>.Continuation) -> Int {
    next += 1
    waiting[next] = (condition, sink)
    return next
  }

  mutating func drop(_ key: Int) { waiting[key] = nil }

  /// The container has ended (`removed`: is gone, which ends every wait).
  mutating func notify(_ response: ContainerWaitResponse, removed: Bool) {
    for (key, waiter) in waiting where removed || waiter.condition != .removed {
      waiter.sink.yield(response)
      waiter.sink.finish()
      waiting[key] = nil
    }
  }
}
