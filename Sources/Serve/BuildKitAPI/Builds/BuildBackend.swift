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
  var platforms: [Platform] { get }
  /// Builds, and makes the request's outputs. Cancelled with its task.
  func build(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> BuildResult
  func cacheRecords() async throws -> [BuildCacheRecord]
  /// Removes what is not used. Tells what was removed.
  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord]
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

  /// The filters as Docker's API has them. Throws `invalidArgument` for one that is none.
  package func dockerFilters() throws(HullError) -> Filters {
    var values: [String: [String]] = [:]
    // BuildKit's own form: key, operator, value; several in one text must all hold.
    for filter in filters.flatMap({ $0.split(separator: ",") }) {
      guard let end = filter.firstIndex(where: { "=~!".contains($0) }) else {
        throw HullError(.invalidArgument, "invalid filter \(filter): use key=value")
      }
      values[String(filter[..<end]), default: []].append(String(filter[end...].drop { "=~".contains($0) }))
    }
    if keepDuration > 0 { values["unused-for"] = ["\(keepDuration / 1_000_000_000)s"] }
    return Filters(values)
  }
}
