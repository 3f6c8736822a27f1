// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import OCISpec
import Threads

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
  /// The records of the build cache.
  package func buildCacheUsage() async throws -> [BuildCacheRecord] { [] }

  /// Removes what is not to be kept of the build cache.
  package func pruneBuildCache(_ limits: BuildCachePrune) async throws -> BuildCachePruneReport { BuildCachePruneReport() }
}
