// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Synchronization
import Threads

/// A build in its parts: what is to be done, its doing, and what is made of the results. Each is done when it is first asked for.
///
/// What it has made stays until it is closed.
package final class OpenBuild: Sendable {
  private struct State {
    var planned: Promise<PlannedBuild>?
    var made: Promise<MadeBuild>?
    /// What was begun for those who ask.
    var work: [Work] = []
    var isOver = false

    /// - Returns: what is there already, or what the caller has to fulfil.
    mutating func promise<Value>(_ place: WritableKeyPath<State, Promise<Value>?>) -> (Promise<Value>, isFirst: Bool) {
      if let known = self[keyPath: place] { return (known, false) }
      let promise = Promise<Value>()
      self[keyPath: place] = promise
      return (promise, true)
    }
  }

  private struct Work {
    let cancel: @Sendable () -> Void
    let wait: @Sendable () async -> Void
  }

  private let build: Build
  private let state = Mutex(State())

  init(_ build: Build) { self.build = build }

  /// What images it will make. Throws what is wrong with the Dockerfile.
  package func plan() async throws -> [PlannedImage] {
    try await run { try await $0.plannedBuild().images }
  }

  /// The images, one for each platform, not yet written down anywhere.
  package func make() async throws -> [MadeImage] {
    let store = build.store
    return try await run { try await $0.madeBuild().images.map { MadeImage(built: $0, store: store) } }
  }

  /// Makes the request's outputs of its own images, and of others' in their place where they are given.
  /// - Parameter others: from builds that are open.
  package func export(_ others: [MadeImage]? = nil) async throws -> BuildResult {
    try await run {
      var finished = try await $0.madeBuild()
      if let others { finished.images = others.map(\.built) }
      return try await $0.build.export(finished)
    }
  }

  /// Does something in a task of its own, which ends with the build and not with who has asked for it.
  private func run<Result: Sendable>(_ body: @escaping @Sendable (OpenBuild) async throws -> Result) async throws -> Result {
    let task = try state.withLock { state throws(CancellationError) -> Task<Result, any Error> in
      guard !state.isOver else { throw CancellationError() }
      let task = Task(executorPreference: BlockingExecutor.shared) { try await body(self) }
      state.work.append(
        Work {
          task.cancel()
        } wait: {
          _ = await task.result
        })
      return task
    }
    return try await task.value
  }

  /// Who asks first plans, in the own task.
  private func plannedBuild() async throws -> PlannedBuild {
    let (promise, isFirst) = state.withLock { $0.promise(\.planned) }
    return isFirst ? try await promise.fulfil { try await build.plan() } : try await promise.value()
  }

  /// Who asks first has it made, in the own task.
  private func madeBuild() async throws -> MadeBuild {
    let (promise, isFirst) = state.withLock { $0.promise(\.made) }
    return isFirst ? try await promise.fulfil { try await build.make(plannedBuild()) } : try await promise.value()
  }

  /// Ends what is under way; whoever waits for it gets an error.
  package func cancel() {
    let work = state.withLock { state in
      state.isOver = true
      return state.work
    }
    for one in work { one.cancel() }
  }

  /// Lets go of everything, when what is under way has ended.
  package func close() async throws {
    let work = state.withLock { state in
      state.isOver = true
      return state.work
    }
    for one in work { await one.wait() }
    state.withLock { $0 = State(isOver: true) }
    let store = build.store
    try await Blocking.run { try store.finish() }
  }
}

/// An image that a build will make.
package struct PlannedImage: Sendable {
  package let platform: Platform
  /// What it will say of itself, without its layers.
  package let config: ImageConfig

  package init(platform: Platform, config: ImageConfig) { (self.platform, self.config) = (platform, config) }
}

/// An image that a build has made; its layers stay as long as that is open.
package struct MadeImage: Sendable {
  var built: BuiltImage
  let store: BuildStore

  package var platform: Platform { built.platform }

  /// What it says of itself. Setting it keeps its layers.
  package var config: ImageConfig {
    get { built.config }
    set {
      let old = built.config
      built.config = newValue
      (built.config.rootfs, built.config.created) = (old.rootfs, newValue.created ?? old.created)
      built.config.history += built.fileSystem.history(beyond: newValue.history, time: nil)
    }
  }

  /// Its files. Blocking.
  package func files() throws(HullError) -> any FileTree { try store.tree(of: built.fileSystem) }
}

/// A build that is understood.
struct PlannedBuild: Sendable {
  var request: BuildRequest
  /// `nil`: the client gave a graph.
  var dockerfile: Dockerfile?
  var plans: [BuildPlan] = []
  let caches: (sources: [CacheSource], targets: [CacheTarget])
  let attestations: AttestationOptions
  /// What there is to tell so far; with no plans all there is.
  var result = BuildResult()

  var images: [PlannedImage] {
    plans.compactMap { plan in
      let assembly = ImageAssembly(request: request, plan: plan, fileSystem: FileSystem(), layers: [:])
      return (try? assembly.config()).map { PlannedImage(platform: assembly.platform, config: $0) }
    }
  }
}

/// A build whose steps are done.
struct MadeBuild: Sendable {
  let planned: PlannedBuild
  var images: [BuiltImage]
}
