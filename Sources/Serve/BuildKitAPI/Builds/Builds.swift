// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore
import OCISpec
import Threads

/// The builds that clients of the gRPC API run.
final class Builds: Sendable {
  let backend: any BuildBackend
  private let sessions: Rendezvous<ClientSession>
  private let jobs = Rendezvous<BuildJob>(patience: .seconds(10))

  let history: BuildHistory

  init(_ backend: any BuildBackend, _ sessions: Rendezvous<ClientSession>, _ history: BuildHistory) {
    (self.backend, self.sessions, self.history) = (backend, sessions, history)
  }

  /// A whole build: ends when its result is made, when it fails, or when the client is gone.
  func solve(_ request: ControlSolveRequest) async throws -> ControlSolveResponse {
    guard !request.ref.isEmpty else { throw HullError(.invalidArgument, "a build needs a reference") }
    let session = BuildKitSession(
      main: request.session, sessions, FrontendOptions(request.frontendAttrs), backend.contexts, keptIn: backend.scratchDirectory)
    let job = BuildJob(request, session) { [self] in try await build($0, for: $1) }
    guard jobs.add(request.ref, job) else { throw HullError(.conflict, "build \(request.ref) is under way already") }
    let record = await begin(request)
    let outcome: Result<ControlSolveResponse, any Error>
    do { outcome = .success(try await run(job)) } catch { outcome = .failure(error) }
    await job.end()
    await end(record, job, outcome)
    forget(request.ref)
    return try outcome.get()
  }

  private func begin(_ request: ControlSolveRequest) async -> ControlBuildHistoryRecord? {
    guard !request.internal else { return nil }
    var record = ControlBuildHistoryRecord()
    (record.ref, record.frontend, record.frontendAttrs) = (request.ref, request.frontend, request.frontendAttrs)
    (record.exporters, record.createdAt) = (request.exporters, .init(nanoseconds: ProgressTranslation.now))
    try? await Blocking.run { [history, record] in try history.begin(record) }
    return record
  }

  /// A build that cannot be kept in the history is a build nevertheless.
  private func end(_ record: ControlBuildHistoryRecord?, _ job: BuildJob, _ outcome: Result<ControlSolveResponse, any Error>) async {
    guard let record else { return }
    let ended = EndedBuild(record, outcome, job.made, job.log, at: ProgressTranslation.now)
    try? await Blocking.run { [history] in try history.end(ended) }
  }

  private func run(_ job: BuildJob) async throws -> ControlSolveResponse {
    // An empty graph instead of a front end: there is nothing to build.
    if job.request.frontend.isEmpty, job.request.hasDefinition, job.request.definition.def.isEmpty { return ControlSolveResponse() }
    let name: String
    if job.request.frontend.isEmpty {
      name = try await job.returned.value()
    } else {
      name = "result"
      try await define(name, for: job, options: job.request.frontendAttrs, frontend: job.request.frontend, job.request.frontendInputs)
    }
    guard !name.isEmpty else { return ControlSolveResponse() }
    let result = try await job.result(name)
    job.made = result
    return ControlSolveResponse(result)
  }

  /// Notes what a front end is to build for a job, under a name.
  func define(
    _ name: String, for job: BuildJob, options: [String: String], frontend: String, _ inputs: [String: LLBDefinition]
  ) async throws {
    var pending = BuildJob.Pending(request: try BuildRequest(job.request, options: options, frontend: frontend))
    pending.request.takeInputs(inputs)
    pending.linked = try BuildRequest.linkedContexts(options, inputs)
    for result in pending.linked.values { try await self.job(ResultReference.build(of: result)).needsImage(of: result) }
    job.define(name, pending)
  }

  private func build(_ pending: BuildJob.Pending, for job: BuildJob) async throws -> BuildResult {
    var request = pending.request
    for (context, result) in pending.linked {
      let other = try await self.job(ResultReference.build(of: result)).result(result)
      guard let image = other.images.first else { throw HullError(.notFound, "build context \(context): the other build has made no image") }
      request.namedContexts[context] = "docker-image://\(image.id)"
    }
    return try await backend.build(request, job.session) { job.add($0) }
  }

  /// A client that asks for the progress of a build that has just ended shall get it.
  private func forget(_ ref: String) {
    Task { [jobs] in
      try await Task.sleep(for: .seconds(3))
      jobs.remove(ref)
    }
  }

  func job(_ ref: String) async throws -> BuildJob {
    guard let job = await jobs.value(ref) else { throw HullError(.notFound, "no such build \(ref)") }
    return job
  }

  func status(_ ref: String, to writer: RPCWriter<ControlStatusResponse>) async throws {
    if let log = try await Blocking.run({ [history] in try history.log(ref) }) {
      for message in log { try await writer.write(message) }
      return
    }
    let progress = try await job(ref).progress
    guard progress.watch() else { throw HullError(.conflict, "the progress of build \(ref) is being watched already") }
    while let news = await progress.next() { try await writer.write(news) }
  }

  /// The builds that run and those that have ended; unless the client wants no more, also what happens from then on.
  func follow(_ request: ControlBuildHistoryRequest, to writer: RPCWriter<ControlBuildHistoryEvent>) async throws {
    let (events, news) = try await Blocking.run { [history] in
      // First listened, then asked: nothing gets lost in between.
      let news = request.earlyExit ? nil : history.listen()
      return (try history.events(request), news)
    }
    for event in events { try await writer.write(event) }
    guard let news else { return }
    for await event in news where request.ref.isEmpty || request.ref == event.record.ref { try await writer.write(event) }
  }

  /// Pins a record, lets go of it, or removes it. Throws `notFound`.
  func update(_ request: ControlUpdateBuildHistoryRequest) async throws {
    // A build's trace is there as soon as the build has ended.
    guard !request.finalize else { return }
    try await Blocking.run { [history] in
      if request.delete { try history.delete(request.ref) } else { try history.pin(request.ref, request.pinned) }
    }
  }
}
