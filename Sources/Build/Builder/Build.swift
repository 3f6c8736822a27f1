// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import ImageStore
import OCISpec
import Threads

/// One build, from the Dockerfile to the result.
struct Build: Sendable {
  private(set) var request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  let store: BuildStore
  let report: BuildReport

  mutating func run() async throws -> BuildResult {
    guard !request.squash else {
      throw HullError(.invalidArgument, "squash is only supported with experimental mode: build in stages and copy instead")
    }
    let loaded = try await DockerfileLoader(request: request, session: session, shared: shared, report: report).load()
    let dockerfile = loaded.dockerfile
    var result = BuildResult()
    result.lines = dockerfile.lines
    if request.checkOnly {
      await BuildReview(request: request, images: surroundings.images, report: report).review(loaded, &result)
      return result
    }
    let findings = BuildFindings(request: request, report: report)
    if let mistake = loaded.mistake {
      try? findings.tell(dockerfile, &result)
      throw mistake
    }
    result.dockerfile = dockerfile
    if request.readsOnly { return result }
    try takeEpoch(of: dockerfile)
    let platforms = request.platforms.isEmpty ? [Platform.host] : request.platforms
    let exchange = CacheExchange(request: request, session: session, surroundings: surroundings, shared: shared, store: store, report: report)
    await exchange.bring()
    var built: [BuiltImage] = []
    for platform in platforms { built.append(try await image(loaded, platform, &result)) }
    if exchange.isInline {
      for index in built.indices { built[index].config.buildCache = try await exchange.inlineDocument(built[index].fileSystem) }
    }
    try await BuildExport(request: request, session: session, surroundings: surroundings, store: store, report: report).export(built, into: &result)
    try await exchange.send()
    return result
  }

  /// The time that the file itself wants its image to have (`ARG SOURCE_DATE_EPOCH=…` before the first `FROM`), unless the client says another.
  private mutating func takeEpoch(of dockerfile: Dockerfile) throws(HullError) {
    guard request.sourceDateEpoch == nil, request.arguments[SourceDateEpoch.name] == nil else { return }
    guard let text = dockerfile.globalValues(request.arguments)[SourceDateEpoch.name], !text.isEmpty else { return }
    request.sourceDateEpoch = try SourceDateEpoch.seconds(text)
  }

  private func image(_ loaded: DockerfileLoader.Loaded, _ platform: Platform, _ result: inout BuildResult) async throws -> BuiltImage {
    let dockerfile = loaded.dockerfile
    let images = ImageResolver(request: request, session: session, surroundings: surroundings, report: report)
    var planner = Planner(request: request, dockerfile: dockerfile, platform: platform, images: images, ignored: loaded.ignored)
    planner.namedIgnored = loaded.namedIgnored
    planner.ignoresCache = try await isBarredFromCache()
    let plan: BuildPlan
    let findings = BuildFindings(request: request, report: report)
    do { plan = try await planner.plan() } catch {
      if result.warnings.isEmpty { try? findings.tell(dockerfile, planned: planner.warnings, &result) }
      throw error
    }
    // Every platform has the same findings.
    if result.warnings.isEmpty { try findings.tell(dockerfile, stages: plan.stages, planned: plan.warnings, &result) }
    report.plan(plan.vertices)
    let solver = Solver(
      request: request, dockerfile: request.dockerfile, store: store, session: session, surroundings: surroundings, shared: shared, report: report)
    do {
      let fileSystem = try await solver.fileSystem(of: plan.target.step)
      report.settleRest()
      var layers: [Digest: FileSystem] = [:]
      for step in plan.target.history.compactMap(\.step) { layers[step.vertex.id] = try await solver.fileSystem(of: step) }
      let assembly = ImageAssembly(request: request, plan: plan, fileSystem: fileSystem, layers: layers)
      return BuiltImage(platform: plan.target.platform, config: try assembly.config(), fileSystem: fileSystem)
    } catch {
      solver.cancel()
      await solver.settle()
      throw located(error, plan, solver, dockerfile)
    }
  }

  /// The first builder's `--cache-from`: with it only images that it names may serve as a cache, and when none is here there is no cache.
  private func isBarredFromCache() async throws -> Bool {
    guard request.tellsConfiguration, !request.cacheFrom.isEmpty else { return false }
    let (images, names) = (surroundings.images, request.cacheFrom.compactMap { $0.attributes["ref"] })
    return try await Blocking.run { !names.contains { (try? images.resolve($0)) != nil } }
  }

  /// Points at the instruction that failed.
  private func located(_ error: any Error, _ plan: BuildPlan, _ solver: Solver, _ dockerfile: Dockerfile) -> any Error {
    guard let error = error as? HullError, let vertex = report.failed, let location = vertex.location else { return error }
    return BuildFailure.error(error, vertex: vertex, location: location, dockerfile: dockerfile, name: request.dockerfile)
  }
}
