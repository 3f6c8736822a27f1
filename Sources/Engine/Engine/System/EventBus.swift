// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Synchronization

/// Tells subscribers what happens and keeps the last events for those who come later.
final class EventBus: Sendable {
  /// How many events are kept, as in Docker.
  static let kept = 256
  /// How far a subscriber may fall behind before it loses the oldest events.
  private static let backlog = 4096

  private struct State {
    var ring: [EventMessage] = []
    var subscribers: [Int: (filter: EventFilter, sink: AsyncStream<EventMessage>.Continuation)] = [:]
    var next = 0
    var last: Int64 = 0
  }

  private let state = Mutex(State())

  var subscriberCount: Int { state.withLock { $0.subscribers.count } }

  /// Publishes an event about `id`, a `container`, `image`, …
  func publish(_ type: String, _ action: String, id: String, attributes: [String: String]) {
    var event = EventMessage()
    event.type = type
    event.action = action
    event.actor.id = id
    event.actor.attributes = attributes
    event.scope = "local"
    if type == "container" || type == "image" {
      event.status = action
      event.id = id
      event.from = attributes["image"] ?? ""
    }
    state.withLock { state in
      // Times only grow, so that `since` with an event's own time gives exactly those after it.
      let now = max(Timestamp.now(), state.last + 1)
      state.last = now
      event.timeNano = now
      event.time = now / 1_000_000_000
      state.ring.append(event)
      if state.ring.count > EventBus.kept { state.ring.removeFirst(state.ring.count - EventBus.kept) }
      for subscriber in state.subscribers.values where subscriber.filter.matches(event) { subscriber.sink.yield(event) }
    }
  }

  /// The kept events that match, when `since` is given; then, unless `until` is past, those that come, up to `until`.
  func subscribe(_ options: EventOptions) throws -> AsyncStream<EventMessage> {
    let filter = try EventFilter(options.filters)
    let (stream, sink) = AsyncStream.makeStream(of: EventMessage.self, bufferingPolicy: .bufferingNewest(EventBus.backlog))
    let now = Timestamp.now()
    let ends = options.until.map { $0 <= now } ?? false
    let key = state.withLock { state in
      if let since = options.since {
        for event in state.ring where event.timeNano >= since && event.timeNano <= (options.until ?? .max) && filter.matches(event) {
          sink.yield(event)
        }
      }
      state.next += 1
      if !ends { state.subscribers[state.next] = (filter, sink) }
      return state.next
    }
    if ends {
      sink.finish()
      return stream
    }
    let alarm = options.until.map { until in
      Task {
        try await Task.sleep(nanoseconds: UInt64(until - now))
        sink.finish()
      }
    }
    sink.onTermination = { [weak self] _ in
      alarm?.cancel()
      self?.state.withLock { _ = $0.subscribers.removeValue(forKey: key) }
    }
    return stream
  }

  /// Ends every subscription.
  func finish() {
    let sinks = state.withLock { $0.subscribers.values.map(\.sink) }
    for sink in sinks { sink.finish() }
  }
}
