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
  let contexts: ContextStore

  var version: String { engine.configuration.version }
  var scratchDirectory: String { engine.configuration.root }
  var hostGateway: String? { engine.hostGateway }
  var platforms: [Platform] { [.host] }

  func build(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> BuildResult {
    try await engine.build(request, session: session, progress: progress)
  }

  func cacheRecords() async throws -> [BuildCacheRecord] { try await engine.buildCacheUsage() }

  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord] {
    var prune = BuildCachePrune()
    prune.all = limits.all
    (prune.reservedSpace, prune.maxUsedSpace, prune.minFreeSpace) = (limits.reservedSpace, limits.maxUsedSpace, limits.minFreeSpace)
    prune.filters = try limits.dockerFilters()
    let before = try await engine.buildCacheUsage()
    let gone = Set(try await engine.pruneBuildCache(prune).cachesDeleted ?? [])
    return before.filter { gone.contains($0.id) }
  }
}
