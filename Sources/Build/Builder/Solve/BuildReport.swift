// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec
import Synchronization

/// Tells a client how its build goes: one event at a time.
final class BuildReport: Sendable {
  private let sink: BuildProgress
  private let lock = Mutex<Set<Digest>>([])
  private let failure = Mutex<BuildVertex?>(nil)

  init(_ sink: @escaping BuildProgress) { self.sink = sink }

  func send(_ event: BuildEvent) { lock.withLock { _ in sink(event) } }

  func plan(_ vertices: [BuildVertex]) {
    lock.withLock { known in
      let fresh = vertices.filter { known.insert($0.id).inserted }
      if !fresh.isEmpty { sink(.planned(fresh)) }
    }
  }

  func start(_ step: Step) {
    plan([step.vertex])
    send(.started(step.vertex.id, time: BuildClock.now()))
  }

  func finish(_ step: Step, cached: Bool) { send(.finished(step.vertex.id, time: BuildClock.now(), cached: cached, error: nil)) }

  /// The step that failed first; what others were doing was then cut short.
  var failed: BuildVertex? { failure.withLock { $0 } }

  func fail(_ step: Step, _ error: any Error) {
    if !(error is CancellationError) { failure.withLock { $0 = $0 ?? step.vertex } }
    let text = error is CancellationError ? "context canceled" : "\(error)"
    send(.finished(step.vertex.id, time: BuildClock.now(), cached: false, error: text))
  }

  func output(of step: Step, _ stream: Int, _ bytes: [UInt8]) { send(.output(step.vertex.id, stream: stream, bytes: bytes, time: BuildClock.now())) }

  func explain(_ step: Step, _ reason: String) { send(.explained(step.vertex.id, reason)) }

  func warn(_ warning: BuildWarning) { send(.warning(nil, warning)) }

  /// Tells how far a part of a step is: its name, bytes so far, bytes in all.
  func progress(of step: Step) -> @Sendable (String, Int64, Int64) -> Void {
    let started = BuildClock.now()
    return { id, current, total in
      self.send(
        .progress(
          step.vertex.id, id: id, current: current, total: total, started: started, completed: total > 0 && current >= total ? BuildClock.now() : nil))
    }
  }

  /// Something of the builder's own that takes time, as a vertex.
  func during<Result>(_ vertex: BuildVertex, _ body: () async throws -> Result) async throws -> Result {
    plan([vertex])
    send(.started(vertex.id, time: BuildClock.now()))
    do {
      let result = try await body()
      send(.finished(vertex.id, time: BuildClock.now(), cached: false, error: nil))
      return result
    } catch {
      send(.finished(vertex.id, time: BuildClock.now(), cached: false, error: error is CancellationError ? "context canceled" : "\(error)"))
      throw error
    }
  }
}
