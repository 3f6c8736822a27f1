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
  /// The same, to be kept.
  let log = HistoryLog()
  /// What the client's side of the gateway has come to: the name of a result (empty: none), or an error.
  let returned = Promise<String>()
  private let build: @Sendable (Pending, BuildJob) async throws -> BuildResult
  private let sources = Mutex<[String: Source]>([:])
  private let results = Mutex<[String: Pending]>([:])
  private let outcome = Mutex<BuildResult?>(nil)
  private let works = Mutex<(begun: [String: Work], ended: Bool)>(([:], false))

  /// The making of a result. Those who wait for it may give up; it goes on then, until the job ends.
  private struct Work: Sendable {
    let promise = Promise<BuildResult>()
    let task: Task<Void, Never>

    init(_ body: @escaping @Sendable () async throws -> BuildResult) {
      task = Task { [promise] in
        do { promise.fulfil(.success(try await body())) } catch { promise.fulfil(.failure(error)) }
      }
    }
  }

  /// Files from elsewhere.
  private struct Source: Sendable {
    let fetch: @Sendable () async throws -> any FileTree
    let once = Once<any FileTree>()
  }

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

  /// Notes a source, whose files are fetched when they are needed.
  func define(_ name: String, files: @escaping @Sendable () async throws -> any FileTree) {
    sources.withLock { $0[name] = Source(fetch: files) }
  }

  func hasSource(_ name: String) -> Bool { sources.withLock { $0[name] != nil } }

  /// The files of a source.
  func files(of name: String) async throws -> any FileTree {
    guard let source = sources.withLock({ $0[name] }) else {
      throw HullError(.unsupported, "files of a build's result cannot be read one by one: take them with --output type=local")
    }
    return try await source.once.value(source.fetch)
  }

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
    let work = works.withLock { works -> Work? in
      guard !works.ended else { return nil }
      if let work = works.begun[name] { return work }
      let work = Work { try await self.build(pending, self) }
      works.begun[name] = work
      return work
    }
    guard let work else { throw CancellationError() }
    return try await work.promise.value()
  }

  /// What the client has got in the end.
  var made: BuildResult? {
    get { outcome.withLock { $0 } }
    set { outcome.withLock { $0 = newValue } }
  }

  /// What happens in the build.
  func add(_ event: BuildEvent) {
    progress.add(event)
    log.add(event)
  }

  /// A warning of the client's own.
  func warn(_ warning: ControlVertexWarning) {
    progress.warn(warning)
    log.warn(warning)
  }

  /// Stops what still runs. Whoever waits for it gets an error.
  func end() async {
    let begun = works.withLock { works in
      works.ended = true
      return works.begun.values
    }
    for work in begun { work.task.cancel() }
    returned.fulfil(.failure(CancellationError()))
    for work in begun { await work.task.value }
    progress.end()
  }
}
