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
    var planned: Task<PlannedBuild, any Error>?
    var made: Task<MadeBuild, any Error>?
    var exports: [Task<BuildResult, any Error>] = []
    var isOver = false
  }

  private let build: Build
  private let state = Mutex(State())

  init(_ build: Build) { self.build = build }

  /// What images it will make. Throws what is wrong with the Dockerfile.
  package func plan() async throws -> [PlannedImage] { try await plannedBuild().images }

  /// The images, one for each platform, not yet written down anywhere.
  package func make() async throws -> [MadeImage] {
    let task = try state.withLock { state throws(CancellationError) -> Task<MadeBuild, any Error> in
      guard !state.isOver else { throw CancellationError() }
      if let task = state.made { return task }
      let task = Task(executorPreference: BlockingExecutor.shared) { [build] in try await build.make(self.plannedBuild()) }
      state.made = task
      return task
    }
    let store = build.store
    return try await task.value.images.map { MadeImage(built: $0, store: store) }
  }

  private func plannedBuild() async throws -> PlannedBuild {
    let task = try state.withLock { state throws(CancellationError) -> Task<PlannedBuild, any Error> in
      guard !state.isOver else { throw CancellationError() }
      if let task = state.planned { return task }
      let task = Task(executorPreference: BlockingExecutor.shared) { [build] in try await build.plan() }
      state.planned = task
      return task
    }
    return try await task.value
  }

  /// Makes the request's outputs of its own images, and of others' in their place where they are given.
  /// - Parameter others: from builds that are open.
  package func export(_ others: [MadeImage]? = nil) async throws -> BuildResult {
    _ = try await make()
    let task = try state.withLock { state throws(CancellationError) -> Task<BuildResult, any Error> in
      guard !state.isOver, let made = state.made else { throw CancellationError() }
      let task = Task(executorPreference: BlockingExecutor.shared) { [build] in
        var finished = try await made.value
        if let others { finished.images = others.map(\.built) }
        return try await build.export(finished)
      }
      state.exports.append(task)
      return task
    }
    return try await task.value
  }

  /// Ends what is under way; whoever waits for it gets an error.
  package func cancel() {
    state.withLock { state in
      state.isOver = true
      state.planned?.cancel()
      state.made?.cancel()
      for export in state.exports { export.cancel() }
    }
  }

  /// Lets go of everything, when what is under way has ended.
  package func close() async throws {
    let state = self.state.withLock { state in
      state.isOver = true
      return state
    }
    _ = await state.planned?.result
    _ = await state.made?.result
    for export in state.exports { _ = await export.result }
    self.state.withLock { $0 = State(isOver: true) }
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
