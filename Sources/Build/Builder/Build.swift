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

  func run() async throws -> BuildResult {
    guard !request.squash else { throw HullError(.invalidArgument, "squash is only supported with experimental mode: build in stages and copy instead") }
    let (dockerfile, ignored) = try await DockerfileLoader(request: request, session: session, shared: shared, report: report).load()
    var result = BuildResult()
    for warning in dockerfile.warnings { report.warn(warning) }
    (result.warnings, result.lines) = (dockerfile.warnings, dockerfile.lines)
    if request.checkOnly { return result }
    let platforms = request.platforms.isEmpty ? [Platform.host] : request.platforms
    var built: [BuiltImage] = []
    for platform in platforms { built.append(try await image(dockerfile, ignored, platform, &result)) }
    try await BuildExport(request: request, session: session, surroundings: surroundings, store: store, report: report).export(built, into: &result)
    return result
  }

  private func image(_ dockerfile: Dockerfile, _ ignored: [String], _ platform: Platform, _ result: inout BuildResult) async throws -> BuiltImage {
    let images = ImageResolver(request: request, session: session, surroundings: surroundings, report: report)
    var planner = Planner(request: request, dockerfile: dockerfile, platform: platform, images: images, ignored: ignored)
    planner.ignoresCache = try await isBarredFromCache()
    let plan = try await planner.plan()
    let policy = try CheckPolicy(dockerfile, arguments: request.arguments)
    let warnings = plan.warnings.filter { policy.wants($0, in: dockerfile) }
    result.warnings += warnings
    for warning in warnings { report.warn(warning) }
    if let failure = policy.failure(for: warnings) { throw failure }
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
