// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Tells of each step once, though a solver may come to it twice: first for its name, then for its files. Only one that is then really done is told again.
final class StepTelling: Sendable {
  private enum Phase: Equatable { case started, done }

  private struct State {
    var phases: [ObjectIdentifier: Phase] = [:]
    /// Of which only the name is known: whether more is needed is not known yet.
    var held: [ObjectIdentifier: (step: Step, value: StepValue)] = [:]

    /// - Returns: what it was before; `nil`: nothing has been told.
    mutating func turn(_ step: Step, to phase: Phase) -> Phase? {
      held[ObjectIdentifier(step)] = nil
      return phases.updateValue(phase, forKey: ObjectIdentifier(step))
    }
  }

  let report: BuildReport
  private let state = Mutex(State())

  init(_ report: BuildReport) { self.report = report }

  func start(_ step: Step) {
    let isNew = state.withLock { state in state.phases[ObjectIdentifier(step)] == nil && state.turn(step, to: .started) == nil }
    if isNew { report.start(step) }
  }

  /// It was not in any cache: what it does begins.
  func make(_ step: Step) {
    if state.withLock({ $0.turn(step, to: .started) }) != .started { report.start(step) }
  }

  func finish(_ step: Step, _ value: StepValue, cached: Bool) {
    guard value.isHere else { return state.withLock { $0.held[ObjectIdentifier(step)] = (step, value) } }
    end(step, value, cached: cached)
  }

  private func end(_ step: Step, _ value: StepValue, cached: Bool) {
    start(step)
    guard state.withLock({ $0.turn(step, to: .done) }) == .started else { return }
    report.result(step, value)
    report.finish(step, cached: cached)
  }

  /// At the end: of what is left nobody needed more than its name.
  func release() {
    let held = state.withLock { $0.held.values.sorted { $0.step.vertex.step < $1.step.vertex.step } }
    for (step, value) in held { end(step, value, cached: true) }
  }
}
