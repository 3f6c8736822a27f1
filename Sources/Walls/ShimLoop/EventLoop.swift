// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Readiness as epoll reports it.
package struct Readiness: OptionSet {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static let readable = Readiness(rawValue: EPOLLIN.rawValue)
  package static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
  /// The other side sends no more.
  package static let readClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
  /// The other side is gone altogether. Always reported.
  package static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue)
  /// Always reported.
  package static let failed = Readiness(rawValue: EPOLLERR.rawValue)
}

/// Something that wants to know when its descriptor is ready.
package protocol ReadinessHandler: AnyObject {
  func ready(_ events: Readiness)
}

/// One thread, one epoll: level-triggered readiness and a few timers.
package final class EventLoop {
  private struct Registration {
    unowned let handler: any ReadinessHandler
    let generation: UInt32
    var interest: Readiness
  }

  private struct Timer {
    let id: UInt64
    let deadline: Int64
    let action: () -> Void
  }

  /// Where every handler reads into; valid until the handler returns or calls another one that reads.
  package let scratch = Pages(EventLoop.scratchSize)
  package static let scratchSize = 256 * 1024

  private let epoll: Int32
  private var registrations: [Int32: Registration] = [:]
  private var generation: UInt32 = 0
  private var timers: [Timer] = []
  private var nextTimer: UInt64 = 1
  private var stopped = false
  /// Called once when a second has passed without any event after there were some: the time to give memory back.
  package var whenIdle: () -> Void = {}
  private var active = true
  private static let idleMilliseconds: Int32 = 1000

  package init() throws(HullError) {
    epoll = hull_epoll_create()
    guard epoll >= 0 else { throw HullError("cannot watch descriptors", SystemError(errno, "epoll_create")) }
  }

  /// Reports readiness of `descriptor` to `handler`, which must call `remove` before it goes away. For a descriptor that is
  /// watched already, changes what is reported.
  package func watch(_ descriptor: Int32, _ interest: Readiness, _ handler: any ReadinessHandler) {
    if let registration = registrations[descriptor] {
      guard registration.interest != interest else { return }
      registrations[descriptor]?.interest = interest
      control(EPOLL_CTL_MOD, descriptor, interest, registration.generation)
    } else {
      generation &+= 1
      registrations[descriptor] = Registration(handler: handler, generation: generation, interest: interest)
      control(EPOLL_CTL_ADD, descriptor, interest, generation)
    }
  }

  /// Nothing is reported any more, not even what has happened already. Call before the descriptor is closed.
  package func remove(_ descriptor: Int32) {
    guard registrations.removeValue(forKey: descriptor) != nil else { return }
    control(EPOLL_CTL_DEL, descriptor, [], 0)
  }

  /// Runs `action` once, `milliseconds` from now.
  @discardableResult
  package func after(milliseconds: Int64, _ action: @escaping () -> Void) -> UInt64 {
    let id = nextTimer
    nextTimer += 1
    timers.append(Timer(id: id, deadline: EventLoop.monotonic() + milliseconds, action: action))
    return id
  }

  package func cancel(_ timer: UInt64) {
    timers.removeAll { $0.id == timer }
  }

  /// Handles events until `stop`.
  package func run() {
    let capacity = 64
    let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
    defer { events.deallocate() }
    while !stopped {
      let count = epoll_wait(epoll, events, Int32(capacity), timeout())
      noteActivity(count > 0)
      for index in 0..<max(0, Int(count)) { dispatch(events[index]) }
      fireTimers()
    }
  }

  package func stop() { stopped = true }

  private func dispatch(_ event: epoll_event) {
    let descriptor = Int32(truncatingIfNeeded: event.data.u64)
    guard let registration = registrations[descriptor], registration.generation == UInt32(event.data.u64 >> 32) else { return }
    let handler = registration.handler
    handler.ready(Readiness(rawValue: event.events))
  }

  private func noteActivity(_ happened: Bool) {
    if active, !happened {
      scratch.trim()
      whenIdle()
    }
    active = happened
  }

  private func fireTimers() {
    guard !timers.isEmpty else { return }
    let now = EventLoop.monotonic()
    let due = timers.filter { $0.deadline <= now }
    timers.removeAll { $0.deadline <= now }
    for timer in due { timer.action() }
  }

  private func timeout() -> Int32 {
    let patience: Int32 = active ? EventLoop.idleMilliseconds : -1
    guard let next = timers.map(\.deadline).min() else { return patience }
    let rest = Int32(clamping: max(0, next - EventLoop.monotonic()))
    return active ? min(rest, patience) : rest
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ generation: UInt32) {
    _ = hull_epoll_control(epoll, operation, descriptor, interest.rawValue, UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor)))
  }

  private static func monotonic() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
