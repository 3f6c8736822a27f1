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
  /// As an interest: report only what has become ready since it was last reported. The handler works until there is nothing left,
  /// or calls `reportAgain`.
  package static let changes = Readiness(rawValue: EPOLLET.rawValue)
}

/// Something that wants to know when its descriptor is ready.
package protocol ReadinessHandler: AnyObject {
  func ready(_ events: Readiness)
}

/// One thread, one epoll: level-triggered readiness (unless `changes` is asked for) and a few timers.
package final class EventLoop {
  /// Where every handler reads into; valid until the handler returns or calls another one that reads.
  package let scratch = Pages(EventLoop.scratchSize)
  package static let scratchSize = 1024 * 1024

  /// What listeners turn callers away with.
  let reserve = ReserveDescriptor()
  private let epoll: Int32
  private var registrations = Registrations()
  private var timers = Timers()
  private var stopped = false
  /// Called once when a second has passed without any event after there were some: the time to give memory back.
  package var whenIdle: () -> Void = {}
  private var active = true
  private static let idleMilliseconds: Int32 = 1000
  /// How many are in a hurry: what they wait for comes within microseconds.
  package var hurries = 0
  private static let looks = 200
  /// How many events are taken from the kernel at once.
  private static let batch = 128

  package init() throws(HullError) {
    epoll = hull_epoll_create()
    guard epoll >= 0 else { throw HullError("cannot watch descriptors", SystemError(errno, "epoll_create")) }
  }

  deinit { close(epoll) }

  /// Reports readiness of `descriptor` to `handler`, which must call `remove` before it goes away. For a descriptor that is
  /// watched already, changes what is reported.
  package func watch(_ descriptor: Int32, _ interest: Readiness, _ handler: any ReadinessHandler) {
    if let registration = registrations[descriptor] {
      guard registration.interest != interest else { return }
      registrations.setInterest(interest, of: descriptor)
      control(EPOLL_CTL_MOD, descriptor, interest, registration.generation)
    } else {
      let generation = registrations.insert(descriptor, interest, handler)
      control(EPOLL_CTL_ADD, descriptor, interest, generation)
    }
  }

  /// Reports what a watched descriptor is ready for once more, after the others had their turn: for a handler of `changes` that
  /// stops before everything is done.
  package func reportAgain(_ descriptor: Int32) {
    guard let registration = registrations[descriptor] else { return }
    control(EPOLL_CTL_MOD, descriptor, registration.interest, registration.generation)
  }

  /// Nothing is reported any more, not even what has happened already. Call before the descriptor is closed.
  package func remove(_ descriptor: Int32) {
    if registrations.remove(descriptor) { control(EPOLL_CTL_DEL, descriptor, [], 0) }
  }

  /// Runs `action` once, `milliseconds` from now.
  @discardableResult
  package func after(milliseconds: Int64, _ action: @escaping () -> Void) -> UInt64 { timers.add(milliseconds, action) }

  package func cancel(_ timer: UInt64) { timers.cancel(timer) }

  /// Handles events until `stop`.
  package func run() {
    let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.batch)
    defer { events.deallocate() }
    while !stopped {
      let count = wait(events)
      noteActivity(count > 0)
      for index in 0..<max(0, Int(count)) { dispatch(events[index]) }
      for action in timers.takeDue() { action() }
    }
  }

  /// For as long as a caller is in a hurry, looks a little while for what comes next before it sleeps: to be woken takes longer than that.
  private func wait(_ events: UnsafeMutablePointer<epoll_event>) -> Int32 {
    if hurries > 0, active {
      for _ in 0..<EventLoop.looks {
        let count = epoll_wait(epoll, events, Int32(EventLoop.batch), 0)
        if count != 0 { return count }
      }
    }
    return epoll_wait(epoll, events, Int32(EventLoop.batch), timeout())
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
      registrations.trim()
      whenIdle()
    }
    active = happened
  }

  private func timeout() -> Int32 {
    let patience: Int32 = active ? EventLoop.idleMilliseconds : -1
    guard let rest = timers.untilNext() else { return patience }
    return active ? min(rest, patience) : rest
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness, _ generation: UInt32) {
    _ = hull_epoll_control(epoll, operation, descriptor, interest.rawValue, UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor)))
  }
}
