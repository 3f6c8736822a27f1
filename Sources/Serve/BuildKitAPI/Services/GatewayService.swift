// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Builder
import Errors
import GRPCCore

/// The service LLBBridge: a client that runs the outermost step of its build itself. Calls name their build in the metadata.
struct GatewayService: Sendable {
  private static let buildKey = "buildkit-controlapi-buildid"

  let backend: any BuildBackend
  let builds: Builds
  let worker: @Sendable () async -> BuildKitWorkerRecord

  func register<T: ServerTransport>(with router: inout RPCRouter<T>) {
    let name = ServiceName.gateway
    router.unary(name, "Ping") { (_: GatewayPingRequest, metadata) in
      _ = try await job(metadata)
      var answer = GatewayPongResponse()
      (answer.frontendApiCaps, answer.llbCaps, answer.workers) = (Capabilities.frontend, Capabilities.graph, [await worker()])
      return answer
    }
    router.unary(name, "Solve") { (request: GatewaySolveRequest, metadata) in try await solve(request, job(metadata)) }
    router.unary(name, "Evaluate") { (request: GatewayEvaluateRequest, metadata) in
      let job = try await job(metadata)
      if job.hasSource(request.ref) { _ = try await job.files(of: request.ref) } else { _ = try await job.images([ResultName(request.ref)]) }
      return GatewayEvaluateResponse()
    }
    router.unary(name, "Return") { (request: GatewayReturnRequest, metadata) in try finish(try await job(metadata), request) }
    router.unary(name, "Inputs") { (_: GatewayInputsRequest, metadata) in
      var answer = GatewayInputsResponse()
      answer.definitions = try await job(metadata).request.frontendInputs
      return answer
    }
    registerFiles(with: &router)
    registerFacts(with: &router)
    router.unary(name, "Warn") { (request: GatewayWarnRequest, metadata) in
      try await job(metadata).warn(ControlVertexWarning(request))
      return GatewayWarnResponse()
    }
  }

  func job(_ metadata: Metadata) async throws -> BuildJob {
    guard let id = metadata[stringValues: Self.buildKey].first(where: { _ in true }) else {
      throw HullError(.invalidArgument, "no build is named in \(Self.buildKey)")
    }
    return try await builds.job(id)
  }

  /// Names a result, and says what there is to say of its images before they are made: that is done when they are returned or evaluated.
  private func solve(_ request: GatewaySolveRequest, _ job: BuildJob) async throws -> GatewaySolveResponse {
    // Of nothing comes nothing.
    if request.frontend.isEmpty, !request.hasDefinition { return GatewaySolveResponse() }
    if let question = request.frontendOpt["requestid"] { return try await answer(question, request, job) }
    let reference = try await ResultReference(request, of: job, in: builds)
    var answer = GatewaySolveResponse()
    guard !request.frontend.isEmpty else {
      if request.evaluate { try await evaluate(reference.name, job) }
      answer.result.ref = try reference.message()
      return answer
    }
    let images = try await job.result(ResultName(reference.name)).plan()
    if request.evaluate { try await evaluate(reference.name, job) }
    let hasSeveral = images.count > 1
    answer.result.metadata = try ImageMetadata.of(images, hasSeveral: hasSeveral)
    guard hasSeveral else {
      answer.result.ref = try reference.message()
      return answer
    }
    for platform in images.map(\.platform.normalized.description) {
      answer.result.refs.refs[platform] = try reference.message(platform: platform)
    }
    return answer
  }

  private func evaluate(_ name: String, _ job: BuildJob) async throws {
    // Files that only lie elsewhere are fetched when they are read.
    if !job.hasSource(name) { _ = try await job.images([ResultName(name)]) }
  }

  private func answer(_ question: String, _ request: GatewaySolveRequest, _ job: BuildJob) async throws -> GatewaySolveResponse {
    guard let subrequest = Subrequest(rawValue: question) else {
      throw HullError(.unsupported, "the Dockerfile front end does not answer \(question): use --call=check, outline or targets")
    }
    var result: BuildResult?
    if subrequest != .describe { result = try await job.result(ResultName(ResultReference(request, of: job, in: builds).name)).export(nil) }
    var answer = GatewaySolveResponse()
    answer.result.metadata = try subrequest.metadata(result, FrontendOptions(request.frontendOpt))
    return answer
  }

  private func finish(_ job: BuildJob, _ request: GatewayReturnRequest) throws -> GatewayReturnResponse {
    if request.hasError {
      job.returned.fulfil(.failure(try CallFailure.of(request.error)))
    } else {
      job.returned.fulfil(.success(ReturnedResult(request.result)))
    }
    return GatewayReturnResponse()
  }
}

extension ControlVertexWarning {
  init(_ request: GatewayWarnRequest) {
    self.init()
    (vertex, level, short, detail, url, ranges) = (request.digest, request.level, request.short, request.detail, request.url, request.ranges)
    if request.hasInfo { info = request.info }
  }
}
