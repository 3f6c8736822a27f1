// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import OCISpec
import Synchronization
import Threads

/// One `Control.Solve`: the client says what it wants made of the result, then tells what to build, over the gateway or at once.
final class BuildJob: Sendable {
  let request: ControlSolveRequest
  let session: any BuildSession
  let progress = ProgressLog()
  /// What the client's side of the gateway has come to: the name of a result (empty: none), or an error.
  let returned = Promise<String>()
  private let build: @Sendable (Pending, BuildJob) async throws -> BuildResult
  private let results = Mutex<[String: Pending]>([:])
  private let tasks = Mutex<(running: [String: Task<BuildResult, any Error>], ended: Bool)>(([:], false))

  /// Something that is to be built.
  struct Pending: Sendable {
    var request: BuildRequest
    /// Contexts that are results of other builds, by the names of the results.
    var linked: [String: String] = [:]
  }

  /// - Parameter build: builds what is pending, for a job.
  init(
    _ request: ControlSolveRequest, _ session: any BuildSession, build: @escaping @Sendable (Pending, BuildJob) async throws -> BuildResult
  ) {
    (self.request, self.session, self.build) = (request, session, build)
  }

  /// Notes what is to be built, under a name. Nothing is done before the result is needed.
  func define(_ name: String, _ pending: Pending) { results.withLock { $0[name] = pending } }

  /// Another build needs a result: there has to be an image of it.
  func needsImage(of name: String) {
    results.withLock { results in
      guard case .some(.none) = results[name]?.request.outputs.first else { return }
      results[name]?.request.outputs = [.image(ImageOutput())]
    }
  }

  /// Builds a result, with its outputs; a second call waits for the first.
  func result(_ name: String) async throws -> BuildResult {
    guard let pending = results.withLock({ $0[name] }) else { throw HullError(.notFound, "build \(self.request.ref): no result \(name)") }
    let task = tasks.withLock { tasks -> Task<BuildResult, any Error>? in
      guard !tasks.ended else { return nil }
      if let task = tasks.running[name] { return task }
      let task = Task { try await build(pending, self) }
      tasks.running[name] = task
      return task
    }
    guard let task else { throw CancellationError() }
    return try await task.value
  }

  /// Stops what still runs. Whoever waits for it gets an error.
  func end() async {
    let running = tasks.withLock { tasks in
      tasks.ended = true
      return tasks.running.values
    }
    for task in running { task.cancel() }
    returned.fulfil(.failure(CancellationError()))
    for task in running { _ = await task.result }
    progress.end()
  }
}
