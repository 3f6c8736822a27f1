// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Synchronization

/// Who is told of builds as they begin and end. Nothing here waits for the disk: a client that listens and then builds hears of its build however short.
final class HistoryListeners: Sendable {
  private typealias Listener = AsyncStream<ControlBuildHistoryEvent>.Continuation
  private let listeners = Mutex<(serial: UInt64, all: [UInt64: Listener])>((0, [:]))

  /// What happens from now on.
  func listen() -> AsyncStream<ControlBuildHistoryEvent> {
    let (stream, continuation) = AsyncStream<ControlBuildHistoryEvent>.makeStream(bufferingPolicy: .bufferingNewest(1000))
    let serial = listeners.withLock { listeners in
      listeners.serial += 1
      listeners.all[listeners.serial] = continuation
      return listeners.serial
    }
    continuation.onTermination = { [self] _ in listeners.withLock { $0.all[serial] = nil } }
    return stream
  }

  /// Nobody is told.
  var isEmpty: Bool { listeners.withLock { $0.all.isEmpty } }

  func tell(_ event: ControlBuildHistoryEvent) {
    for listener in listeners.withLock({ Array($0.all.values) }) { listener.yield(event) }
  }
}
