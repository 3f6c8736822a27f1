// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import OCISpec
import Synchronization

/// A build's progress on its way to the client that watches it: events are gathered until the client takes them, so a slow one gets fewer, larger
/// messages and a build never waits for it.
final class ProgressLog: Sendable {
  /// Bytes of output that wait for the client; what comes beyond is dropped, and said to be.
  static let outputLimit = 4 << 20

  private struct State {
    var translation = ProgressTranslation()
    var ended = false
    var watched = false
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Mutex(State())

  func add(_ event: BuildEvent) { change { $0.translation.add(event) } }

  /// A warning of the client's own.
  func warn(_ warning: ControlVertexWarning) { change { $0.translation.warn(warning) } }

  /// No more will come.
  func end() { change { $0.ended = true } }

  private func change(_ body: (inout sending State) -> Void) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      body(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  /// Whether the caller may watch: one does.
  func watch() -> Bool {
    state.withLock { state in
      defer { state.watched = true }
      return !state.watched
    }
  }

  /// What has happened since the last call, as soon as there is something; `nil` at the end, or when the task is cancelled.
  func next() async -> ControlStatusResponse? {
    while !Task.isCancelled {
      let (news, ended) = state.withLock { ($0.translation.take(), $0.ended) }
      if let news { return news }
      if ended { return nil }
      await withTaskCancellationHandler {
        await withCheckedContinuation { wait($0) }
      } onCancel: {
        change { _ in }
      }
    }
    return nil
  }

  private func wait(_ continuation: CheckedContinuation<Void, Never>) {
    let ready = state.withLock { state in
      if state.ended || !state.translation.isEmpty || Task.isCancelled { return true }
      state.waiter = continuation
      return false
    }
    if ready { continuation.resume() }
  }
}
