// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Synchronization

/// Tells a client how its build goes: one event at a time.
final class BuildReport: Sendable {
  private let sink: BuildProgress
  private let lock = Mutex<Set<Digest>>([])
  private let failure = Mutex<BuildVertex?>(nil)

  private let tellsConfiguration: Bool
  private let waiting = Mutex<[BuildVertex]>([])
  private let lastCached = Mutex<Bool?>(nil)
  private let parts = Mutex(OpenParts())
  private let brought = Mutex<Set<Digest>>([])

  /// - Parameter tellsConfiguration: also of instructions that only change the configuration.
  init(_ sink: @escaping BuildProgress, tellsConfiguration: Bool) {
    self.sink = sink
    self.tellsConfiguration = tellsConfiguration
  }

  func send(_ event: BuildEvent) {
    lock.withLock { _ in
      for event in parts.withLock({ $0.complete(event) }) { sink(event) }
    }
  }

  func plan(_ vertices: [BuildVertex]) {
    lock.withLock { known in
      let fresh = vertices.filter { (tellsConfiguration || !$0.isMetadata) && known.insert($0.id).inserted }
      if !fresh.isEmpty { sink(.planned(fresh)) }
      waiting.withLock { $0 += fresh.filter(\.isMetadata) }
    }
  }

  /// Instructions that only change the configuration share the fate of what comes after them: whether that was in the cache is known now.
  /// - Parameter step: position of what comes after; those before it are done.
  func settle(before step: Int, cached: Bool) {
    guard tellsConfiguration else { return }
    let due = waiting.withLock { waiting in
      let due = waiting.filter { $0.step < step }
      waiting.removeAll { $0.step < step }
      return due
    }
    let now = BuildClock.now()
    for vertex in due {
      send(.started(vertex.id, time: now))
      send(.result(vertex.id, id: SHA256.digest(of: "\(vertex.instruction) \(vertex.step)").description))
      send(.finished(vertex.id, time: now, cached: cached, error: nil))
    }
    lastCached.withLock { $0 = cached }
  }

  /// Something has come that they go with.
  var isSettled: Bool { lastCached.withLock { $0 } != nil }

  /// At the end nothing comes after them: they go with what came before, and with the image where there was no such thing.
  /// - Parameter isKnown: the image was there before the build.
  func settleRest(isKnown: Bool) { settle(before: .max, cached: lastCached.withLock { $0 } ?? isKnown) }

  /// What a step gave, under an ID that stays the same as long as that does.
  func result(_ step: Step, _ value: StepValue) {
    guard case .fileSystem(let fileSystem) = value, !step.vertex.instruction.isEmpty, isTold(step) else { return }
    if case .image(let id) = step.operation { return send(.result(step.vertex.id, id: id.description)) }
    send(.result(step.vertex.id, id: SHA256.digest(of: "\(fileSystem.chain?.hex ?? "") \(step.vertex.instruction)").description))
  }

  func start(_ step: Step) {
    guard isTold(step) else { return }
    plan([step.vertex])
    send(.started(step.vertex.id, time: BuildClock.now()))
  }

  func finish(_ step: Step, cached: Bool) {
    guard isTold(step) else { return }
    send(.finished(step.vertex.id, time: BuildClock.now(), cached: cached, error: nil))
  }

  /// What does nothing is no step to anybody: `FROM scratch`.
  private func isTold(_ step: Step) -> Bool { tellsConfiguration || !step.vertex.isMetadata }

  /// The step that failed first; what others were doing was then cut short.
  var failed: BuildVertex? { failure.withLock { $0 } }

  func fail(_ step: Step, _ error: any Error) {
    if !(error is CancellationError) { failure.withLock { $0 = $0 ?? step.vertex } }
    let text = error is CancellationError ? "context canceled" : "\(error)"
    send(.finished(step.vertex.id, time: BuildClock.now(), cached: false, error: text))
  }

  func output(of step: Step, _ stream: Int, _ bytes: [UInt8]) { send(.output(step.vertex.id, stream: stream, bytes: bytes, time: BuildClock.now())) }

  /// Notes an image that this build has brought in: a stage that stands on it finds nothing in a cache.
  func note(brought image: Digest) { brought.withLock { _ = $0.insert(image) } }

  func hasBrought(_ image: Digest) -> Bool { brought.withLock { $0.contains(image) } }

  func explain(_ step: Step, _ reason: String) { send(.explained(step.vertex.id, reason)) }

  func warn(_ warning: BuildWarning) { send(.warning(nil, warning)) }

  /// Tells how far a part of a step is: its name, bytes so far, bytes in all.
  func progress(of step: Step) -> @Sendable (String, Int64, Int64) -> Void {
    let started = BuildClock.now()
    return { id, current, total in
      self.send(
        .progress(
          step.vertex.id, id: id, current: current, total: total, started: started, completed: total > 0 && current >= total ? BuildClock.now() : nil)
      )
    }
  }

  /// A part of a vertex that is done as soon as it is told: `naming to docker.io/library/app:latest`.
  func done(_ text: String, in vertex: BuildVertex) {
    let now = BuildClock.now()
    send(.progress(vertex.id, id: text, current: 0, total: 0, started: now, completed: now))
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
