// SPDX-License-Identifier: Apache-2.0
import Builder
import OCISpec
import Synchronization

/// A build's events on their way to a client that may be slow: nothing is lost but output, and that only when much of it waits.
final class BuildEventQueue: Sendable {
  private struct State {
    var waiting = 0
    var clipped: Set<Digest> = []
  }

  /// Bytes of output that may wait for a client.
  private static let limit = 16 << 20
  private static let notice = Array("[output clipped: the client did not read it in time]\n".utf8)

  /// For one reader, which says `took` of each.
  let events: AsyncStream<BuildEvent>
  private let sink: AsyncStream<BuildEvent>.Continuation
  private let state = Mutex(State())

  init() { (events, sink) = AsyncStream.makeStream(bufferingPolicy: .unbounded) }

  func put(_ event: BuildEvent) {
    guard case .output(let id, let stream, let bytes, let time) = event else {
      sink.yield(event)
      return
    }
    let (isKept, isFirstLoss) = state.withLock { state in
      guard state.waiting + bytes.count > Self.limit else {
        state.waiting += bytes.count
        return (true, false)
      }
      return (false, state.clipped.insert(id).inserted)
    }
    if isKept { sink.yield(event) } else if isFirstLoss { sink.yield(.output(id, stream: stream, bytes: Self.notice, time: time)) }
  }

  func took(_ event: BuildEvent) {
    guard case .output(_, _, let bytes, _) = event else { return }
    state.withLock { $0.waiting = max(0, $0.waiting - bytes.count) }
  }

  func finish() { sink.finish() }
}
