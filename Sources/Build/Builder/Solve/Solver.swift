// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Synchronization
import Threads

/// Works a graph off: what the targets need, everything as soon as its inputs are there, each step once.
///
/// Of what only lends files to others no more than its name is asked for at first (`Need.name`): where a cache knows it, nothing of it has to be here.
final class Solver: Sendable {
  let request: BuildRequest
  let dockerfile: String
  let store: BuildStore
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  let report: BuildReport
  let telling: StepTelling
  let agreement = NameAgreement()
  let repositories: FetchedRepositories
  let uses: ContextUses
  let targets: [Step]
  /// Layers of caches from elsewhere come also where only names are needed.
  let fetchesAll: Bool
  /// Steps whose layers the results have: their files are needed in any case.
  private let way: Set<ObjectIdentifier>

  private struct Attempt: Hashable {
    let step: ObjectIdentifier
    let need: Need
  }

  private let values = Mutex<[Attempt: Promise<StepValue>]>([:])
  /// What went wrong first: who waits for a step that is ended for its sake hears of the end alone.
  private let failure = Mutex<(any Error)?>(nil)

  init(
    request: BuildRequest, store: BuildStore, session: any BuildSession, surroundings: BuilderSurroundings, shared: SharedWork,
    repositories: FetchedRepositories, targets: [Step], report: BuildReport
  ) {
    (self.request, dockerfile) = (request, request.dockerfile)
    self.store = store
    self.session = session
    self.surroundings = surroundings
    self.shared = shared
    self.repositories = repositories
    self.targets = targets
    self.report = report
    telling = StepTelling(report)
    uses = ContextUses(targets)
    fetchesAll = request.cacheTo.contains { $0.attributes["mode"] == "max" }
    way = Set(targets.flatMap { sequence(first: $0) { $0.inputs.first } }.map(ObjectIdentifier.init))
  }

  /// Does everything that the targets need. What fails, or cancels the caller, ends everything that was begun.
  func solve() async throws {
    repeat {
      do { try await solveTargets() } catch { throw failure.withLock { $0 } ?? error }
    } while takeBack()
    telling.release()
  }

  private func solveTargets() async throws {
    guard let first = targets.first else { return }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for target in targets.dropFirst() { group.addTask { _ = try await self.value(of: target, .files) } }
      _ = try await value(of: first, .files)
      try await group.waitForAll()
    }
  }

  /// What a step gives, once all of it is there.
  func value(of step: Step) async throws -> StepValue { try await value(of: step, .files) }

  func fileSystem(of step: Step) async throws -> FileSystem {
    guard case .fileSystem(let result) = try await value(of: step) else {
      throw HullError(.internalError, "\(step.vertex.name) gives no file system")
    }
    return result
  }

  /// Who asks first for it does the step, in its own task: a chain of steps needs no other.
  private func value(of step: Step, _ need: Need) async throws -> StepValue {
    let need = way.contains(ObjectIdentifier(step)) ? .files : need
    let attempt = Attempt(step: ObjectIdentifier(step), need: need)
    let (promise, isFirst) = values.withLock { values in
      if let known = values[attempt] { return (known, false) }
      let promise = Promise<StepValue>()
      values[attempt] = promise
      return (promise, true)
    }
    return isFirst ? try await promise.fulfil { try await self.solve(step, need) } : try await promise.value()
  }

  /// What a step and all below it have given, but the client's files, which may be many; of those whose files nobody needed, their names.
  func results(below step: Step) async throws -> [ObjectIdentifier: StepValue] {
    var found: [ObjectIdentifier: StepValue] = [:]
    var pending = [step]
    while let step = pending.popLast() {
      let place = ObjectIdentifier(step)
      if case .context = step.operation { continue }
      guard found[place] == nil else { continue }
      let hasFiles = values.withLock { $0[Attempt(step: place, need: .files)] != nil }
      found[place] = try await value(of: step, hasFiles ? .files : .name)
      pending += step.inputs
    }
    return found
  }

  // MARK: One step

  private func solve(_ step: Step, _ need: Need) async throws -> StepValue {
    var earlier: StepValue?
    if need == .files, !way.contains(ObjectIdentifier(step)) {
      let known = try await value(of: step, .name)
      if known.isHere { return known }
      earlier = known
    }
    var given = try await inputs(of: step, base: need, others: .name)
    if given.values.contains(where: { !$0.isHere }) {
      if let known = try await found(step, given, need) {
        agreement.took(step)
        agreement.made(step, known, earlier: earlier, byNames: true)
        return known
      }
      given = try await inputs(of: step, base: .files, others: .files)
    }
    let value = try await done(step, given, need)
    agreement.made(step, value, earlier: earlier, byNames: false)
    return value
  }

  /// To look for it takes less than a task of its own.
  private func isAtHand(_ step: Step) -> Bool {
    guard case .context = step.operation else { return false }
    return session.hasContexts
  }

  private func inputs(of step: Step, base: Need, others: Need) async throws -> [Int: StepValue] {
    // What is not looked up as a layer works on files.
    let (base, others) = step.work == nil ? (.files, .files) : (base, others)
    guard let first = step.inputs.first else { return [:] }
    return try await withThrowingTaskGroup(of: (Int, StepValue).self) { group in
      var values: [Int: StepValue] = [:]
      for (index, input) in step.inputs.enumerated().dropFirst() {
        if isAtHand(input) {
          values[index] = try await value(of: input, others)
        } else {
          group.addTask { (index, try await self.value(of: input, others)) }
        }
      }
      values[0] = try await value(of: first, base)
      for try await (index, value) in group { values[index] = value }
      return values
    }
  }

  /// A step's result, as far as it is in a cache under a key that is made from names.
  private func found(_ step: Step, _ inputs: [Int: StepValue], _ need: Need) async throws -> StepValue? {
    try Task.checkCancellation()
    do {
      guard let fileSystem = try await lookUp(step, inputs, need) else { return nil }
      telling.finish(step, .fileSystem(fileSystem), cached: true)
      return .fileSystem(fileSystem)
    } catch { throw fail(step, error) }
  }

  /// A step's result, with everything that it works on.
  private func done(_ step: Step, _ inputs: [Int: StepValue], _ need: Need) async throws -> StepValue {
    try Task.checkCancellation()
    // Where only a name is needed there may be nothing to do.
    if need == .files || step.work == nil { telling.start(step) }
    do {
      let (value, cached) = try await perform(step, inputs, need)
      telling.finish(step, value, cached: cached)
      return value
    } catch { throw fail(step, error) }
  }

  private func fail(_ step: Step, _ error: any Error) -> any Error {
    let failure = error is CancellationError ? error : error as? HullError ?? HullError(.internalError, "\(step.vertex.name) failed", cause: error)
    if !Task.isCancelled { self.failure.withLock { $0 = $0 ?? failure } }
    report.fail(step, failure)
    return failure
  }

  // MARK: Of one piece

  /// Once nothing is under way: where names did not hold, what was taken for their sake is taken back.
  /// - Returns: whether there was any: the targets have to be asked for again.
  private func takeBack() -> Bool {
    let broken = agreement.broken()
    guard !broken.isEmpty else { return false }
    let above = steps(above: broken)
    values.withLock { values in
      for step in broken { values[Attempt(step: step, need: .name)] = values[Attempt(step: step, need: .files)] }
      for step in above { for need in [Need.name, .files] { values[Attempt(step: step, need: need)] = nil } }
    }
    agreement.forget(above)
    return true
  }

  /// Steps that need others.
  private func steps(above others: Set<ObjectIdentifier>) -> Set<ObjectIdentifier> {
    var known: [ObjectIdentifier: Bool] = [:]
    func stands(_ step: Step) -> Bool {
      if let known = known[ObjectIdentifier(step)] { return known }
      // All of them are visited.
      let answers = step.inputs.map { stands($0) || others.contains(ObjectIdentifier($0)) }
      known[ObjectIdentifier(step)] = answers.contains(true)
      return answers.contains(true)
    }
    for target in targets { _ = stands(target) }
    return Set(known.filter(\.value).keys)
  }
}
