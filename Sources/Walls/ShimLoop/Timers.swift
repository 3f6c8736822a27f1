// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A few actions with a time. There are never many: what is many (connections, flows) shares one.
struct Timers {
  private struct Timer {
    let id: UInt64
    let deadline: Int64
    let action: () -> Void
  }

  private var timers: [Timer] = []
  private var nextID: UInt64 = 1

  mutating func add(_ milliseconds: Int64, _ action: @escaping () -> Void) -> UInt64 {
    let id = nextID
    nextID += 1
    timers.append(Timer(id: id, deadline: Timers.monotonic() + milliseconds, action: action))
    return id
  }

  mutating func cancel(_ id: UInt64) { timers.removeAll { $0.id == id } }

  /// Milliseconds until the next is due; `nil`: there is none.
  func untilNext() -> Int32? {
    guard !timers.isEmpty else { return nil }
    var next = Int64.max
    for timer in timers { next = min(next, timer.deadline) }
    return Int32(clamping: max(0, next - Timers.monotonic()))
  }

  mutating func takeDue() -> [() -> Void] {
    guard !timers.isEmpty else { return [] }
    let now = Timers.monotonic()
    let due = timers.filter { $0.deadline <= now }
    if !due.isEmpty { timers.removeAll { $0.deadline <= now } }
    return due.map(\.action)
  }

  private static func monotonic() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
