// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// Work that nobody waits for: done a moment after it was asked for, once for all who ask meanwhile, when they have their answers.
package final class Afterwards: Sendable {
  private let delay: DispatchTimeInterval
  private let isAwaited = Mutex(false)

  package init(_ delay: DispatchTimeInterval) { self.delay = delay }

  /// - Parameter work: may block. Who asks while it is done has it done again. Of several that are given meanwhile the first is done.
  package func run(_ work: @escaping @Sendable () -> Void) {
    let isFirst = isAwaited.withLock { isAwaited in
      defer { isAwaited = true }
      return !isAwaited
    }
    guard isFirst else { return }
    DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [self] in
      isAwaited.withLock { $0 = false }
      Blocking.begin(work)
    }
  }
}
