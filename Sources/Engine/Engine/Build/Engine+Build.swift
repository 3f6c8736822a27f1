// SPDX-License-Identifier: Apache-2.0
import Builder
import DockerAPI
import Errors

/// What may stay of the build cache.
package struct BuildCachePrune: Sendable, Equatable {
  /// Also what an image or a frequently used step still needs.
  package var all = false
  /// bytes that are kept in any case
  package var reservedSpace: Int64 = 0
  /// bytes that the cache may have at most; 0: no limit of its own
  package var maxUsedSpace: Int64 = 0
  /// bytes that should be free on the disk afterwards
  package var minFreeSpace: Int64 = 0
  package var filters = Filters()

  package init() {}
}

extension Engine {
  /// Builds. Cancelling the task cancels the build.
  package func build(_ request: BuildRequest, session: any BuildSession, progress: @escaping BuildProgress) async throws -> BuildResult {
    throw HullError(.unsupported, "building images is not available yet: use 'docker import' or 'docker load'")
  }

  /// Cancels the build of that ID; nothing happens when there is none.
  package func cancelBuild(_ id: String) async {}

  /// The records of the build cache.
  package func buildCacheUsage() async throws -> [BuildCacheRecord] { [] }

  /// Removes what is not to be kept of the build cache.
  package func pruneBuildCache(_ limits: BuildCachePrune) async throws -> BuildCachePruneReport { BuildCachePruneReport() }
}
