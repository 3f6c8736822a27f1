// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import ImageStore
import OCISpec
import Threads

/// One build, from the Dockerfile to the result.
struct Build: Sendable {
  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let shared: SharedWork
  let store: BuildStore
  let report: BuildReport
  let repositories: FetchedRepositories
  /// Nanoseconds since 1970.
  let started = BuildClock.now()

  // MARK: What is to be done

  func plan() async throws -> PlannedBuild {
    guard !request.squash else {
      throw HullError(.invalidArgument, "squash is only supported with experimental mode: build in stages and copy instead")
    }
    var planned = PlannedBuild(request: try permitted(), caches: try caches(), attestations: try AttestationOptions(request))
    if let graph = request.graph {
      planned.plans = [try await plan(graph, planned)]
      return planned
    }
    let loaded = try await loader.load()
    try await read(loaded, &planned)
    return planned
  }

  /// The request with what it may do. Throws `forbidden` for what the daemon does not let builds have.
  private func permitted() throws(HullError) -> BuildRequest {
    var request = self.request
    try Entitlement.check(request.entitlements, allowed: surroundings.entitlements)
    // The first builder's clients ask for it by naming the network of the whole build.
    if request.tellsConfiguration, request.usesForeignNetwork, surroundings.entitlements.contains(.hostNetwork) {
      request.entitlements.insert(.hostNetwork)
    }
    return request
  }

  private var loader: DockerfileLoader {
    DockerfileLoader(request: request, session: session, repositories: repositories, report: report) { input in try await files(of: input) }
  }

  private func read(_ loaded: DockerfileLoader.Loaded, _ planned: inout PlannedBuild) async throws {
    let dockerfile = loaded.dockerfile
    planned.result.lines = dockerfile.lines
    if request.checkOnly {
      await BuildReview(request: request, images: surroundings.images, report: report).review(loaded, &planned.result)
      return
    }
    let findings = BuildFindings(request: request, report: report)
    if let mistake = loaded.mistake {
      try? findings.tell(dockerfile, &planned.result)
      throw mistake
    }
    (planned.dockerfile, planned.result.dockerfile) = (dockerfile, dockerfile)
    if request.readsOnly { return }
    let epoch = try await epoch(of: dockerfile)
    if let epoch { planned.request.sourceDateEpoch = epoch.seconds }
    planned.plans = try await plans(loaded, planned.request, epoch, &planned.result)
  }

  /// What `SOURCE_DATE_EPOCH` comes to; `nil`: nobody asks for it, or the client says the time itself.
  private func epoch(of dockerfile: Dockerfile) async throws -> EpochOutcome? {
    guard request.sourceDateEpoch == nil, let source = try EpochReader(request: request, dockerfile: dockerfile).allowedSource() else { return nil }
    let times = EpochTimes(repositories: repositories, session: session, directory: surroundings.directory)
    return EpochOutcome(seconds: try await times.seconds(of: source))
  }

  /// What the request says of caches, understood before anything is done.
  private func caches() throws(HullError) -> (sources: [CacheSource], targets: [CacheTarget]) {
    var targets: [CacheTarget] = []
    for location in request.cacheTo { targets.append(try CacheTarget(location)) }
    // As BuildKit's clients say it who know only the first builder's options.
    if ["1", "true"].contains(request.arguments["BUILDKIT_INLINE_CACHE"] ?? ""), !targets.contains(where: \.isInline) {
      targets.append(try CacheTarget(CacheLocation(type: "inline", attributes: [:])))
    }
    var sources: [CacheSource] = []
    for location in request.cacheFrom { if let source = try CacheSource(location) { sources.append(source) } }
    return (sources, targets)
  }

  /// A graph for each platform; what they have in common is common to them.
  private func plans(
    _ loaded: DockerfileLoader.Loaded, _ request: BuildRequest, _ epoch: EpochOutcome?, _ result: inout BuildResult
  ) async throws -> [BuildPlan] {
    let (dockerfile, findings) = (loaded.dockerfile, BuildFindings(request: request, report: report))
    var (asked, planned) = (request, dockerfile)
    epoch?.apply(to: &asked.arguments)
    epoch?.apply(to: &planned)
    let images = resolver(request)
    let (steps, isBarred) = (StepTable(), try await isBarredFromCache())
    var plans: [BuildPlan] = []
    for platform in request.platforms.isEmpty ? [Platform.host] : request.platforms where !plans.contains(where: { $0.platform == platform }) {
      var planner = Planner(request: asked, dockerfile: planned, platform: platform, images: images, ignored: loaded.ignored, steps: steps)
      planner.namedIgnored = loaded.namedIgnored
      planner.ignoresCache = isBarred
      do { plans.append(try await planner.plan()) } catch {
        if plans.isEmpty { try? findings.tell(dockerfile, planned: planner.warnings, &result) }
        throw error
      }
      // Every platform has the same findings.
      if plans.count == 1 { try findings.tell(dockerfile, stages: plans[0].stages, planned: plans[0].warnings, &result) }
      report.plan(plans[plans.count - 1].vertices)
    }
    return plans
  }

  // MARK: Its doing

  func make(_ planned: PlannedBuild) async throws -> MadeBuild {
    guard !planned.plans.isEmpty else { return MadeBuild(planned: planned, images: []) }
    try await CacheImport(request: planned.request, session: session, surroundings: surroundings, store: store, report: report)
      .bring(planned.caches.sources)
    return MadeBuild(planned: planned, images: try await images(planned))
  }

  /// - Parameter targets: the last steps.
  func solver(_ request: BuildRequest, for targets: [Step]) -> Solver {
    Solver(
      request: request, store: store, session: session, surroundings: surroundings, shared: shared, repositories: repositories, targets: targets,
      report: report)
  }

  private func images(_ planned: PlannedBuild) async throws -> [BuiltImage] {
    let plans = planned.plans
    let solver = solver(planned.request, for: plans.map(\.target.step))
    do {
      try await solver.solve()
      var images: [BuiltImage] = []
      for plan in plans { images.append(try await image(plan, solver, planned)) }
      report.settleRest(isKnown: try await areKnown(images.map(\.config)))
      return images
    } catch {
      throw planned.dockerfile.map { located(error, $0) } ?? error
    }
  }

  /// Whether a build that makes no layers gives what there was before; only the first builder's clients are told.
  private func areKnown(_ configs: [ImageConfig]) async throws -> Bool {
    guard request.tellsConfiguration, !request.noCache, !report.isSettled else { return false }
    let earlier = EarlierImage(request: request, images: surroundings.images)
    for config in configs { guard try await earlier.isThere(config) else { return false } }
    return true
  }

  private func image(_ plan: BuildPlan, _ solver: Solver, _ planned: PlannedBuild) async throws -> BuiltImage {
    let fileSystem = try await solver.fileSystem(of: plan.target.step)
    var layers: [Digest: FileSystem] = [:]
    for step in plan.target.history.compactMap(\.step) { layers[step.vertex.id] = try await solver.fileSystem(of: step) }
    let assembly = ImageAssembly(request: planned.request, plan: plan, fileSystem: fileSystem, layers: layers)
    let config = try await EarlierImage(request: planned.request, images: surroundings.images).config(for: try assembly.config())
    let origin = BuildOrigin(
      target: plan.target.step, platform: plan.target.platform, images: plan.images, values: try await solver.results(below: plan.target.step),
      lines: planned.dockerfile?.lines ?? [], started: started, request: planned.request)
    return BuiltImage(
      platform: assembly.platform, config: config, fileSystem: fileSystem,
      inherited: plan.target.base?.rootfs.diffIDs.count ?? 0, inheritedHistory: plan.target.base?.history.count ?? 0, origin: origin)
  }

  /// The first builder's `--cache-from`: with it only images that it names may serve as a cache, and when none is here there is no cache.
  private func isBarredFromCache() async throws -> Bool {
    guard request.tellsConfiguration, !request.cacheFrom.isEmpty else { return false }
    let (images, names) = (surroundings.images, request.cacheFrom.compactMap { $0.attributes["ref"] })
    return try await Blocking.run { !names.contains { (try? images.resolve($0)) != nil } }
  }

  // MARK: What is made of it

  func export(_ made: MadeBuild) async throws -> BuildResult {
    var (result, built) = (made.planned.result, made.images)
    guard !built.isEmpty else { return result }
    let (request, targets) = (made.planned.request, made.planned.caches.targets)
    let cache = CacheExport(request: request, session: session, surroundings: surroundings, shared: shared, store: store, report: report)
    if targets.contains(where: \.isInline) {
      let all = built.map(\.fileSystem)
      for index in built.indices { built[index].config.buildCache = cache.inlineDocument(built[index].fileSystem, of: all) }
    }
    let export = BuildExport(
      request: request, attestations: made.planned.attestations, session: session, surroundings: surroundings, store: store, report: report)
    try await export.export(built, into: &result)
    result.cacheManifest = try await cache.send(built, to: targets)
    return result
  }

  /// Points at the instruction that failed.
  private func located(_ error: any Error, _ dockerfile: Dockerfile) -> any Error {
    guard let error = error as? HullError, let vertex = report.failed, let location = vertex.location else { return error }
    return BuildFailure.error(error, vertex: vertex, location: location, dockerfile: dockerfile, name: request.dockerfile)
  }
}
