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
      main: request.session, policy: request.sourcePolicySession, sessions, FrontendOptions(request.frontendAttrs), backend.contexts,
      keptIn: backend.scratchDirectory)
    let job = BuildJob(request, session) { [self] in try await open($0, for: $1) }
    guard jobs.add(request.ref, job) else { throw HullError(.conflict, "build \(request.ref) is under way already") }
    let record = begin(request)
    let outcome: Result<ControlSolveResponse, any Error>
    do { outcome = .success(try await run(job)) } catch { outcome = .failure(error) }
    // Also of a client that is gone.
    await Task { await job.end() }.value
    end(record, job, outcome)
    forget(request.ref)
    return try outcome.get()
  }

  private func begin(_ request: ControlSolveRequest) -> ControlBuildHistoryRecord? {
    guard !request.internal else { return nil }
    var record = ControlBuildHistoryRecord()
    (record.ref, record.frontend, record.frontendAttrs) = (request.ref, request.frontend, request.frontendAttrs)
    (record.exporters, record.createdAt) = (request.exporters, .init(nanoseconds: ProgressTranslation.now))
    history.begin(record)
    return record
  }

  private func end(_ record: ControlBuildHistoryRecord?, _ job: BuildJob, _ outcome: Result<ControlSolveResponse, any Error>) {
    if let record { history.end(EndedBuild(record, outcome, job.made, job.log, at: ProgressTranslation.now)) }
  }

  private func run(_ job: BuildJob) async throws -> ControlSolveResponse {
    var returned = try await returned(job)
    if !job.request.exporters.isEmpty { try returned.check() }
    if returned.names.isEmpty {
      guard !job.request.exporters.isEmpty else { return ControlSolveResponse() }
      // Nothing is something, too: an image without files.
      try define(Self.wholeResult(job), for: job, graph: LLBDefinition())
      returned.names = [ResultName(Self.wholeResult(job))]
    }
    let result = try await job.export(returned)
    job.made = result
    var response = ControlSolveResponse(result)
    response.exporterResponse.merge(returned.told) { $1 }
    return response
  }

  private func returned(_ job: BuildJob) async throws -> ReturnedResult {
    let (name, request) = (Self.wholeResult(job), job.request)
    if !request.frontend.isEmpty {
      try define(name, for: job, options: request.frontendAttrs, frontend: request.frontend, request.frontendInputs)
    } else if request.hasDefinition {
      guard !request.definition.def.isEmpty else { return ReturnedResult() }
      try define(name, for: job, graph: request.definition)
    } else {
      return try await job.returned.value()
    }
    return ReturnedResult([ResultName(name)])
  }

  /// Notes what a front end is to build for a job, under a name.
  func define(_ name: String, for job: BuildJob, options: [String: String], frontend: String, _ inputs: [String: LLBDefinition]) throws {
    var pending = BuildJob.Pending(request: try BuildRequest(job.request, options: options, frontend: frontend))
    pending.request.id = identity(name, job)
    if name != Self.wholeResult(job) { pending.request.outerOptions = job.request.frontendAttrs }
    pending.request.inputMetadata = FrontendOptions(options).group("input-metadata:")
    pending.inputs = inputs
    pending.configs = BuildRequest.inputConfigs(options)
    try pending.request.takeInputs(inputs, options)
    job.define(name, pending)
  }

  /// Notes a graph of the client's that is to be built for a job, under a name.
  func define(_ name: String, for job: BuildJob, graph: LLBDefinition) throws {
    var pending = BuildJob.Pending(request: try BuildRequest(job.request, options: job.request.frontendAttrs, frontend: "dockerfile.v0"))
    (pending.request.id, pending.graph) = (identity(name, job), graph)
    job.define(name, pending)
  }

  /// The result of a build that its client does not drive itself.
  private static func wholeResult(_ job: BuildJob) -> String { wholeResult(job.request.ref) }
  private static func wholeResult(_ build: String) -> String { "\(build)/result" }

  /// Builds for the same job are told apart; the only one has the job's own name.
  private func identity(_ name: String, _ job: BuildJob) -> String { name == Self.wholeResult(job) ? job.request.ref : name }

  /// Begins a build, when the results that it goes on from are there.
  private func open(_ pending: BuildJob.Pending, for job: BuildJob) async throws -> JobBuild {
    var (request, lenders) = (pending.request, [JobBuild]())
    do {
      for (key, definition) in pending.inputs { request.inputs[key] = try await input(definition, pending.configs[key], &lenders) }
      if let graph = pending.graph { request.graph = try await input(graph, request.graphConfig, &lenders) }
      return JobBuild(try await backend.open(request, job.session) { [weak job] in job?.add($0) }, lenders: lenders)
    } catch {
      for lender in lenders { await lender.release() }
      throw error
    }
  }

  /// A client's graph with the results that it goes on from, whose builds stay open.
  private func input(_ definition: LLBDefinition, _ config: ImageConfig?, _ lenders: inout [JobBuild]) async throws -> BuildInput {
    var made: [String: MadeImage] = [:]
    for text in GraphReader.results(in: definition) {
      let name = ResultName(text)
      // Nobody is given the name of a whole build's result; a build that waited for its own would wait for ever.
      guard name.result != Self.wholeResult(name.build) else { throw HullError(.notFound, "no such result \(name)") }
      let result = try await self.job(name.build).result(name)
      let build = try await result.build()
      guard build.retain() else { throw HullError(.unavailable, "the build of \(name) has ended") }
      lenders.append(build)
      made[text] = name.choose(try await result.make()).first
    }
    let root = try GraphReader.root(definition, made: made)
    guard case .made(let image)? = root?.node.operation else { return BuildInput(root, config: config) }
    return BuildInput(root, config: image.config)
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
    // First listened, then asked: nothing gets lost in between.
    let news = request.earlyExit ? nil : history.listen()
    let events = try await Blocking.run { [history] in try history.events(request) }
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
