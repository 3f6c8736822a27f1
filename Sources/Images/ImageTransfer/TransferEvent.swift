// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Synchronization

/// One thing that happened during a pull or push, in the words of Docker's progress stream.
package struct TransferEvent: Sendable, Hashable {
  /// What it is about: a layer's twelve digits, a tag; `nil`: the whole.
  package var id: String?
  package var status: String
  /// Bytes, when the step has a length.
  package var current: Int64?
  package var total: Int64?
  /// It is one step of several, and may have a length.
  package let isStep: Bool

  init(_ status: String, id: String? = nil, current: Int64? = nil, total: Int64? = nil, isStep: Bool? = nil) {
    self.id = id
    self.isStep = isStep ?? (id != nil)
    self.status = status
    self.current = current
    self.total = total
  }
}

/// What a push has put under a tag.
package struct PushedTag: Sendable, Hashable {
  package let tag: String
  package let digest: Digest
  /// Bytes of the manifest.
  package let size: Int64
}

/// Told what happens; called from any thread.
package typealias TransferReport = @Sendable (TransferEvent) -> Void

/// Adds up bytes of one step and says so now and then: ten times a second at most.
final class ProgressMeter: Sendable {
  private struct State {
    var current: Int64
    var told: ContinuousClock.Instant?
  }

  private static let interval = Duration.milliseconds(100)
  private let status: String
  private let id: String
  private let total: Int64
  private let report: TransferReport
  private let state: Mutex<State>

  init(_ status: String, id: String, total: Int64, from current: Int64 = 0, report: @escaping TransferReport) {
    self.status = status
    self.id = id
    self.total = total
    self.report = report
    state = Mutex(State(current: current))
  }

  func add(_ count: Int64) { move { $0 + count } }

  func set(_ current: Int64) { move { _ in current } }

  private func move(_ change: (Int64) -> Int64) {
    let now = ContinuousClock.now
    let current = state.withLock { state -> Int64? in
      state.current = change(state.current)
      if let told = state.told, now - told < ProgressMeter.interval { return nil }
      state.told = now
      return state.current
    }
    if let current { report(TransferEvent(status, id: id, current: current, total: total)) }
  }
}
