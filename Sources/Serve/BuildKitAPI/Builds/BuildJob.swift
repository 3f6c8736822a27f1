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
  /// What the client's side of the gateway has come to.
  let returned = Promise<ReturnedResult>()
  private let open: @Sendable (Pending, BuildJob) async throws -> JobBuild
  private let sources = Mutex<[String: Source]>([:])
  private let results = Mutex<(all: [String: JobResult], isOver: Bool)>(([:], false))
  private let outcome = Mutex<BuildResult?>(nil)

  /// Files from elsewhere.
  private struct Source: Sendable {
    let fetch: @Sendable () async throws -> any FileTree
    let once = Once<any FileTree>()
  }

  /// Something that is to be built.
  struct Pending: Sendable {
    var request: BuildRequest
    /// Graphs of the client's that contexts are, by the keys of the request's inputs.
    var inputs: [String: LLBDefinition] = [:]
    /// What the client says of their images.
    var configs: [String: ImageConfig] = [:]
    /// Of a build without a front end.
    var graph: LLBDefinition?
  }

  /// - Parameter open: begins a build for a job.
  init(
    _ request: ControlSolveRequest, _ session: any BuildSession, open: @escaping @Sendable (Pending, BuildJob) async throws -> JobBuild
  ) {
    (self.request, self.session, self.open) = (request, session, open)
  }

  /// Notes what is to be built, under a name. Nothing is done before the result is needed.
  func define(_ name: String, _ pending: Pending) {
    let result = JobResult(isGraph: pending.graph != nil) { [weak self] in
      guard let self else { throw CancellationError() }
      return try await open(pending, self)
    }
    results.withLock { $0.all[name] = result }
  }

  /// Notes a source, whose files are fetched when they are needed.
  func define(_ name: String, files: @escaping @Sendable () async throws -> any FileTree) {
    sources.withLock { $0[name] = Source(fetch: files) }
  }

  func hasSource(_ name: String) -> Bool { sources.withLock { $0[name] != nil } }

  /// The files of a source or of a result, which is then made.
  func files(of name: String) async throws -> any FileTree {
    if let source = sources.withLock({ $0[name] }) { return try await source.once.value(source.fetch) }
    guard let image = try await images([ResultName(name)]).first else { throw HullError(.notFound, "\(name): the result is empty") }
    return try await Blocking.run { try image.files() }
  }

  func result(_ name: ResultName) throws -> JobResult {
    let (result, isOver) = results.withLock { ($0.all[name.result], $0.isOver) }
    guard !isOver else { throw CancellationError() }
    guard let result else { throw HullError(.notFound, "build \(request.ref): no result \(name.result)") }
    return result
  }

  /// Images of results, which are then made.
  func images(_ names: [ResultName]) async throws -> [MadeImage] {
    var images: [MadeImage] = []
    for name in names { images += name.choose(try await result(name).make()) }
    return images
  }

  /// Makes what the client wants made of what it has returned.
  func export(_ returned: ReturnedResult) async throws -> BuildResult {
    guard let first = returned.names.first else { return BuildResult() }
    let result = try result(first)
    // A result as a whole is as its build has made it.
    if returned.names == [ResultName(first.result)], !result.isGraph || returned.metadata.isEmpty { return try await result.export(nil) }
    var images: [MadeImage] = []
    for name in returned.names {
      var own = try await self.images([name])
      if try self.result(name).isGraph, let config = returned.config(of: name) {
        for index in own.indices { own[index].config = config }
      }
      images += own
    }
    return try await result.export(images)
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
    let all = results.withLock { results in
      results.isOver = true
      // What they hold is not in use any more, though clients may still ask how the build went.
      defer { results.all = [:] }
      return Array(results.all.values)
    }
    sources.withLock { $0 = [:] }
    returned.fulfil(.failure(CancellationError()))
    for result in all { await result.end() }
    progress.end()
  }
}
