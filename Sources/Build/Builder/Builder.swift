// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import Glibc
import ImageStore
import ImageTransfer
import LinuxSystem
import OCISpec
import Synchronization
import Threads

/// Builds images from Dockerfiles: plans a graph, takes from the cache what is there, has the rest done, and puts the result together.
///
/// Any number of builds at once; they share the cache, and what they do at the same time.
package final class Builder: Sendable {
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  /// What clients need not send again.
  package let contexts = ContextStore()
  /// One at a time: what one has chosen another must not count on.
  let pruning = Monitor<Void>(())
  private let running = Mutex<[String: @Sendable () -> Void]>([:])

  /// - Parameter commands: how many `RUN`s work at once.
  package init(_ surroundings: BuilderSurroundings, remote: any RemoteSources, commands: Int) throws(HullError) {
    self.surroundings = surroundings
    shared = SharedWork(
      images: surroundings.images, remote: remote, cacheMounts: CacheMounts(directory: surroundings.directory + "/cache"), commands: commands)
    try step("cannot make the builder's directories") { () throws(SystemError) in
      for directory in [surroundings.directory, surroundings.directory + "/cache", surroundings.state] {
        try Files.makeDirectories(directory, mode: 0o711)
      }
    }
    try sweep()
  }

  /// Removes what interrupted builds left.
  private func sweep() throws(HullError) {
    func open(_ path: String) throws(HullError) -> OwnedDescriptor {
      try step("cannot open \(path)") { () throws(SystemError) in try Files.open(path, O_RDONLY | O_DIRECTORY) }
    }
    let directory = try open(surroundings.directory)
    try TreeRemoval.remove(Array("scratch".utf8), in: directory.number)
    let scratch = surroundings.directory + "/scratch"
    try step("cannot make \(scratch)") { () throws(SystemError) in try Files.makeDirectories(scratch, mode: 0o700) }
    let state = try open(surroundings.state)
    for name in try DurableFiles.names(state.number) { try TreeRemoval.remove(Array(name.utf8), in: state.number) }
  }

  /// Where contexts may be kept while they are used.
  package var directory: String { surroundings.directory }

  /// What lies elsewhere, as builds fetch it.
  package var sources: BuildSources { BuildSources(remote: shared.remote, sockets: surroundings.state) }

  /// A build whose parts are asked for one by one. It has to be closed.
  package func open(_ request: BuildRequest, session: any BuildSession, progress: @escaping BuildProgress) async throws -> OpenBuild {
    let surroundings = self.surroundings
    let store = try await Blocking.run { BuildStore(surroundings.images) }
    return OpenBuild(
      Build(
        request: request, session: session, surroundings: surroundings, shared: shared, store: store,
        report: BuildReport(progress, tellsConfiguration: request.tellsConfiguration),
        repositories: FetchedRepositories(shared.remote, session: session, sockets: surroundings.state)))
  }

  /// Builds. A cancelled task ends everything that the build began.
  /// - Returns: the images; throws a `HullError` whose message quotes the Dockerfile where it is to blame.
  package func build(_ request: BuildRequest, session: any BuildSession, progress: @escaping BuildProgress) async throws -> BuildResult {
    let build = try await open(request, session: session, progress: progress)
    running.withLock { $0[request.id] = { build.cancel() } }
    defer { running.withLock { $0[request.id] = nil } }
    let outcome: Result<BuildResult, any Error>
    do {
      outcome = .success(
        try await withTaskCancellationHandler {
          try await build.export()
        } onCancel: {
          build.cancel()
        })
    } catch { outcome = .failure(error) }
    let finished: Result<Void, any Error>
    do { finished = .success(try await build.close()) } catch { finished = .failure(error) }
    // Why the build failed says more than what its clearing up met.
    let result = try outcome.get()
    try finished.get()
    return result
  }

  /// Ends a build. `false`: there is none of that ID.
  @discardableResult
  package func cancel(_ id: String) -> Bool {
    guard let cancel = running.withLock({ $0[id] }) else { return false }
    cancel()
    return true
  }
}
