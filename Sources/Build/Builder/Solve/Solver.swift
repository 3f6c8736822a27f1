// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec
import Synchronization
import Threads

/// Works a graph off: what the target needs, everything as soon as its inputs are there, each step once.
final class Solver: Sendable {
  let request: BuildRequest
  let dockerfile: String
  let store: BuildStore
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  let report: BuildReport
  private let repositories: FetchedRepositories
  private let uses: ContextUses
  private let isCancelled = Mutex(false)
  private let values = Mutex<[ObjectIdentifier: Task<StepValue, any Error>]>([:])

  init(
    request: BuildRequest, dockerfile: String, store: BuildStore, session: any BuildSession, surroundings: BuilderSurroundings, shared: SharedWork,
    repositories: FetchedRepositories, uses: ContextUses, report: BuildReport
  ) {
    self.request = request
    self.dockerfile = dockerfile
    self.store = store
    self.session = session
    self.surroundings = surroundings
    self.shared = shared
    self.repositories = repositories
    self.uses = uses
    self.report = report
  }

  /// What a step gives, once it is there. Cancelling the caller cancels everything that was begun.
  func value(of step: Step) async throws -> StepValue {
    let task = values.withLock { values in
      if let known = values[ObjectIdentifier(step)] { return known }
      let task = Task(executorPreference: BlockingExecutor.shared) { try await self.solve(step) }
      values[ObjectIdentifier(step)] = task
      // Begun too late for `cancel` to see it.
      if isCancelled.withLock({ $0 }) { task.cancel() }
      return task
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      self.cancel()
    }
  }

  func fileSystem(of step: Step) async throws -> FileSystem {
    guard case .fileSystem(let result) = try await value(of: step) else {
      throw HullError(.internalError, "\(step.vertex.name) gives no file system")
    }
    return result
  }

  /// What a step and all below it have given.
  func results(below step: Step) async throws -> [ObjectIdentifier: StepValue] {
    var found: [ObjectIdentifier: StepValue] = [:]
    var pending = [step]
    while let step = pending.popLast() {
      guard found[ObjectIdentifier(step)] == nil else { continue }
      found[ObjectIdentifier(step)] = try await value(of: step)
      pending += step.inputs
    }
    return found
  }

  /// Ends all that is under way; who waits hears of it, and asks for the same: once is enough, for each would go through all of them again.
  func cancel() {
    let isFirst = isCancelled.withLock { isCancelled in
      defer { isCancelled = true }
      return !isCancelled
    }
    guard isFirst else { return }
    for task in values.withLock({ Array($0.values) }) { task.cancel() }
  }

  /// Waits until nothing is under way any more.
  func settle() async {
    for task in values.withLock({ Array($0.values) }) { _ = await task.result }
  }

  // MARK: One step

  private func solve(_ step: Step) async throws -> StepValue {
    let inputs = try await withThrowingTaskGroup(of: (Int, StepValue).self) { group in
      for (index, input) in step.inputs.enumerated() { group.addTask { (index, try await self.value(of: input)) } }
      var values: [Int: StepValue] = [:]
      for try await (index, value) in group { values[index] = value }
      return values
    }
    try Task.checkCancellation()
    report.start(step)
    do {
      let (value, cached) = try await perform(step, inputs)
      report.result(step, value)
      report.finish(step, cached: cached)
      return value
    } catch {
      let failure = describe(error, of: step)
      report.fail(step, failure)
      throw failure
    }
  }

  private func describe(_ error: any Error, of step: Step) -> any Error {
    if error is CancellationError { return error }
    return error as? HullError ?? HullError(.internalError, "\(step.vertex.name) failed", cause: error)
  }

  private func perform(_ step: Step, _ inputs: [Int: StepValue]) async throws -> (StepValue, Bool) {
    switch step.operation {
    case .scratch: return (.fileSystem(FileSystem()), false)
    case .image(let id):
      let store = self.store
      return (.fileSystem(try await Blocking.run { try store.fileSystem(of: id) }), !report.hasBrought(id))
    case .context(let name, var selection):
      if selection.followed.isEmpty { selection.followed = uses.followed(name) }
      let progress = report.progress(of: step)
      let tree = try await session.context(name, selection) { progress("transferring \(name):", $0, 0) }
      return (.tree(try await part(name == "context" ? request.contextDirectory : "", of: tree)), false)
    case .download(let url, let checksum):
      return (.tree(try await repositories.files.tree(url, checksum: checksum, progress: report.progress(of: step))), false)
    case .repository(let repository):
      let tree = try await repositories.tree(repository)
      guard !repository.part.isEmpty else { return (.tree(tree), false) }
      return (.tree(IdentifiedTree(tree: try await part(repository.part, of: tree), identity: tree.identity)), false)
    case .directory(let directory): return try await layer(step, inputs, DirectoryWork(step: directory))
    case .copy(let copy): return try await layer(step, inputs, CopyWork(step: copy))
    case .run(let run): return try await run.hasOutputs ? outputs(step, inputs, run) : layer(step, inputs, RunWork(step: run))
    case .output, .made, .remove, .link, .merge, .difference: return try await performGraph(step, inputs)
    }
  }

  /// A directory of a context; an empty path: all of it.
  private func part(_ path: String, of tree: any FileTree) async throws -> any FileTree {
    guard !path.isEmpty else { return tree }
    return try await Blocking.run { try PartOfTree(tree, path) }
  }

  // MARK: Steps that make a layer

  func layer(_ step: Step, _ inputs: [Int: StepValue], _ work: any LayerWork) async throws -> (StepValue, Bool) {
    guard case .fileSystem(let base) = inputs[0] else { throw HullError(.internalError, "\(step.vertex.name) has nothing to stand on") }
    let site = LayerSite(step: step, base: base, inputs: inputs, solver: self)
    let prepared = try await work.prepare(site)
    let key = prepared.ingredients.key
    let store = self.store
    if !step.ignoresCache, let known = try await cached(key, prepared, step, base) {
      report.settle(before: step.vertex.step, cached: true)
      return (.fileSystem(known), true)
    }
    report.settle(before: step.vertex.step, cached: false)
    await explain(prepared.ingredients, step)
    // Who else is just doing the same does it for us.
    let (result, record) = try await shared.once(SHA256.digest(of: "\(key.hex) \(base.chain?.hex ?? "")"), alone: step.ignoresCache) { relay in
      let result = try await prepared.make(relay)
      return (result, self.record(prepared.ingredients, step, base, result))
    } output: { stream, bytes in
      self.report.output(of: step, stream, bytes)
    } adopt: {
      store.adopt($0)
    }
    store.remember(record, result)
    shared.persist(store)
    return (.fileSystem(result), false)
  }

  /// What the cache of this engine has, or one from elsewhere.
  private func cached(_ key: Digest, _ prepared: PreparedLayer, _ step: Step, _ base: FileSystem) async throws -> FileSystem? {
    let (store, standsAlone) = (store, prepared.standsAlone)
    if let known = try await Blocking.run({ try store.cached(key, above: base, standsAlone: standsAlone) }) { return known.result }
    return try await CacheBorrowing(store: store, report: report).result(key, of: step, above: base, standsAlone: standsAlone, site: site(of: step))
  }

  func record(_ ingredients: StepIngredients, _ step: Step, _ base: FileSystem, _ result: FileSystem) -> StepRecord {
    let added = result.layers.count > base.layers.count ? result.layers.last : nil
    return StepRecord(
      key: ingredients.key, site: site(of: step), description: step.vertex.instruction, base: base.chain, layer: added?.info,
      descriptor: added?.descriptor,
      created: added?.created ?? BuildClock.now(), ingredients: ingredients.encoded)
  }

  private func site(of step: Step) -> String {
    let place = "\(dockerfile)\u{0}\(step.stage)\u{0}\(step.vertex.platform ?? "")\u{0}\(step.vertex.name.prefix { $0 != "]" })"
    return SHA256.digest(of: place).hex
  }

  private func explain(_ ingredients: StepIngredients, _ step: Step) async {
    guard request.explains else { return }
    let (images, site) = (store.images, site(of: step))
    let last = try? await Blocking.run { try images.lastBuildStep(at: site) }
    report.explain(step, Explanation.reason(ingredients, last: last.flatMap { $0 }, ignoresCache: step.ignoresCache))
  }
}
