// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Tells of each step once, though a solver may come to it twice: first for its name, then for its files. Only one that is then really done is told again.
final class StepTelling: Sendable {
  private enum Phase { case started, done }

  let report: BuildReport
  private let phases = Mutex<[ObjectIdentifier: Phase]>([:])

  init(_ report: BuildReport) { self.report = report }

  func start(_ step: Step) {
    if phases.withLock({ $0.updateValue($0[ObjectIdentifier(step)] ?? .started, forKey: ObjectIdentifier(step)) }) == nil { report.start(step) }
  }

  /// It was not in any cache: what it does begins.
  func make(_ step: Step) {
    if phases.withLock({ $0.updateValue(.started, forKey: ObjectIdentifier(step)) }) != .started { report.start(step) }
  }

  func finish(_ step: Step, _ value: StepValue, cached: Bool) {
    start(step)
    guard phases.withLock({ $0.updateValue(.done, forKey: ObjectIdentifier(step)) }) == .started else { return }
    report.result(step, value)
    report.finish(step, cached: cached)
  }
}
