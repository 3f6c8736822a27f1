// SPDX-License-Identifier: Apache-2.0
import BuildKitAPI
import Builder
import DockerAPI
import Engine
import Errors
import OCISpec

/// The engine as BuildKit's API sees it.
struct EngineBuilds: BuildBackend {
  let engine: Engine

  var contexts: ContextStore { engine.buildContexts }
  var version: String { engine.configuration.version }
  var scratchDirectory: String { engine.configuration.root }
  var hostGateway: String? { engine.hostGateway }
  var platforms: [Platform] { get async { await engine.platforms() } }

  func open(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> any OpenedBuild {
    EngineBuild(engine: engine, build: try await engine.openBuild(request, session: session, progress: progress))
  }

  func blobPath(_ digest: Digest) -> String? { engine.blobPath(digest) }

  func repository(_ address: String, _ session: any BuildSession) async throws -> any FileTree {
    try await engine.buildSources.repository(address, session: session)
  }

  func download(_ step: DownloadStep, _ session: any BuildSession) async throws -> any FileTree {
    try await engine.buildSources.download(step, session: session)
  }

  func facts(of source: SourcePolicy.Source, platform: Platform, _ session: any BuildSession) async throws -> SourceFacts {
    try await engine.facts(of: source, platform: platform, session: session)
  }

  func cacheRecords(_ filters: [String]) async throws -> [BuildCacheRecord] { try await engine.buildCacheUsage(filters) }

  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord] {
    var prune = BuildCachePrune()
    (prune.all, prune.keepDuration, prune.expressions) = (limits.all, limits.keepDuration, limits.filters)
    (prune.reservedSpace, prune.maxUsedSpace, prune.minFreeSpace) = (limits.reservedSpace, limits.maxUsedSpace, limits.minFreeSpace)
    return try await engine.pruneBuildCache(prune).records
  }
}

/// A build of the engine's whose parts are asked for one by one.
private struct EngineBuild: OpenedBuild {
  let engine: Engine
  let build: OpenBuild

  func plan() async throws -> [PlannedImage] { try await build.plan() }
  func make() async throws -> [MadeImage] { try await build.make() }
  func export(_ images: [MadeImage]?) async throws -> BuildResult { try await engine.export(build, images) }
  func cancel() { build.cancel() }
  /// What its clearing up meets is nobody's concern: the next start mends it.
  func close() async { try? await build.close() }
}
