// SPDX-License-Identifier: Apache-2.0
import BuildKitAPI
import Builder
import Engine
import Errors
import OCISpec

/// The engine as BuildKit's API sees it.
struct EngineBuilds: BuildBackend {
  let engine: Engine

  var version: String { engine.configuration.version }
  var scratchDirectory: String { engine.configuration.root }
  var platforms: [Platform] { [.host] }

  func build(_ request: BuildRequest, _ session: any BuildSession, _ progress: @escaping BuildProgress) async throws -> BuildResult {
    throw HullError(.unsupported, "building images is not available yet: use 'docker import' or 'docker load'")
  }

  func imageConfiguration(_ name: String, _ platform: Platform?, pull: Bool, _ session: any BuildSession) async throws -> (Digest, [UInt8]) {
    throw HullError(.unsupported, "building images is not available yet: use 'docker import' or 'docker load'")
  }

  func cacheRecords() async throws -> [BuildCacheRecord] { [] }

  func prune(_ limits: BuildCacheLimits) async throws -> [BuildCacheRecord] { [] }
}
