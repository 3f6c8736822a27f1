// SPDX-License-Identifier: Apache-2.0
import Builder

extension BuildKitServer {
  /// Has something built that was not asked for by this API, and puts it into the history, which clients of this API list.
  /// - Parameters:
  ///   - directory: what the client's directory is called, where that is known.
  ///   - progress: is told what happens.
  ///   - build: builds a request, and tells what happens.
  package func recording(
    _ request: BuildRequest, directory: String? = nil, _ progress: @escaping BuildProgress,
    _ build: (BuildRequest, @escaping BuildProgress) async throws -> BuildResult
  ) async throws -> BuildResult {
    guard !request.checkOnly, !request.readsOnly else { return try await build(request, progress) }
    var request = request
    request.recordsProvenance = true
    let record = RecordedBuild(request, directory, in: history)
    record.begin()
    let outcome: Result<BuildResult, any Error>
    do {
      let made = try await build(request) { event in
        record.log.add(event)
        progress(event)
      }
      outcome = .success(made)
    } catch {
      outcome = .failure(error)
    }
    record.end(outcome)
    return try outcome.get()
  }
}
