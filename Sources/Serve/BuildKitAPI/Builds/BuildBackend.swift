// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors
import OCISpec

/// What BuildKit's API needs of the engine.
package protocol BuildBackend: Sendable {
  /// The engine's version.
  var version: String { get }
  /// A directory on whose file system received files lie while they are needed.
  var scratchDirectory: String { get }
  /// What clients need not send again.
  var contexts: ContextStore { get }
  /// What `host-gateway` stands for in `--add-host`; `nil`: there is no such address.
  var hostGateway: String? { get }
  /// Platforms that can be built for, the machine's own first.
  var platforms: [Platform] { get async }
  /// Begins a build, which has to be closed.
  func open(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> any OpenedBuild
  /// Where a blob of the store lies; `nil`: it is not here. Blocking.
  func blobPath(_ digest: Digest) -> String?
  /// The files of a Git repository, which the session's client may have to open.
  func repository(_ address: String, _ session: any BuildSession) async throws -> any FileTree
  /// A tree of one file, which the session's client may have to open.
  func download(_ step: DownloadStep, _ session: any BuildSession) async throws -> any FileTree
  /// What there is to know of a source, by BuildKit's name for it.
  func facts(of source: SourcePolicy.Source, platform: Platform, _ session: any BuildSession) async throws -> SourceFacts
  /// - Parameter filters: BuildKit's expressions, one of which has to match; none: all.
  func cacheRecords(_ filters: [String]) async throws -> [BuildCacheRecord]
  /// Removes what is not used. Tells what was removed.
  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord]
}

/// A build whose parts are asked for one by one; see `OpenBuild`.
package protocol OpenedBuild: Sendable {
  func plan() async throws -> [PlannedImage]
  func make() async throws -> [MadeImage]
  /// - Parameter images: in the place of its own; `nil`: those.
  func export(_ images: [MadeImage]?) async throws -> BuildResult
  func cancel()
  func close() async
}

/// What a client wants removed of the cache.
package struct BuildCacheLimits: Sendable {
  /// Also what images use.
  package var all = false
  /// BuildKit's expressions, one of which has to match; none: all.
  package var filters: [String] = []
  /// Nanoseconds: not what was used since.
  package var keepDuration: Int64 = 0
  /// Bytes; 0: no limit.
  package var reservedSpace: Int64 = 0
  package var maxUsedSpace: Int64 = 0
  package var minFreeSpace: Int64 = 0

  package init() {}
}
