// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// A thread of a test; `join` waits for its end.
package final class Worker: Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let thread: pthread_t

  package init(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { raw in
        Unmanaged<Body>.fromOpaque(raw!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(Body(body)).toOpaque())
    precondition(error == 0)
    self.thread = thread
  }

  package func join() { pthread_join(thread, nil) }
}

package final class Flag: Sendable {
  private let value = Atomic(false)
  package init() {}
  package var isSet: Bool { value.load(ordering: .acquiring) }
  package func set() { value.store(true, ordering: .releasing) }
}

package final class Counter: Sendable {
  private let count = Atomic(0)
  package init() {}
  package var value: Int { count.load(ordering: .acquiring) }
  package func add() { count.add(1, ordering: .acquiringAndReleasing) }
}
