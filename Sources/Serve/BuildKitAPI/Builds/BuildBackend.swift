// SPDX-License-Identifier: Apache-2.0
import Builder
import Errors
import OCISpec

/// What BuildKit's API needs of the engine.
package protocol BuildBackend: Sendable {
  /// The engine's version.
  var version: String { get }
  /// A directory on whose file system received files lie while they are needed.
  var scratchDirectory: String { get }
  /// Platforms that can be built for, the machine's own first.
  var platforms: [Platform] { get }
  /// Builds, and makes the request's outputs. Cancelled with its task.
  func build(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> BuildResult
  /// An image's digest and configuration, for clients that want to know it before they build.
  func imageConfiguration(_ name: String, _ platform: Platform?, pull: Bool, _ session: any BuildSession) async throws -> (Digest, [UInt8])
  func cacheRecords() async throws -> [BuildCacheRecord]
  /// Removes what is not used. Tells what was removed.
  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord]
}

/// Something that builds have left for later ones.
package struct BuildCacheRecord: Sendable {
  package var id: String
  package var parents: [String] = []
  package var description = ""
  /// `regular`, `source.local`, `exec.cachemount`, …
  package var type = "regular"
  package var size: Int64 = 0
  package var inUse = false
  package var shared = false
  /// Nanoseconds since 1970.
  package var created: Int64 = 0
  package var lastUsed: Int64?
  package var uses: Int64 = 0

  package init(id: String) { self.id = id }
}

/// What a client wants removed of the cache.
package struct BuildCacheLimits: Sendable {
  /// Also what images use.
  package var all = false
  /// `type=…`, `id=…`, …, as the client wrote them.
  package var filters: [String] = []
  /// Nanoseconds: not what was used since.
  package var keepDuration: Int64 = 0
  /// Bytes; 0: no limit.
  package var reservedSpace: Int64 = 0
  package var maxUsedSpace: Int64 = 0
  package var minFreeSpace: Int64 = 0

  package init() {}
}
