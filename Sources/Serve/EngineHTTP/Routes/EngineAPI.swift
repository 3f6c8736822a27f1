// SPDX-License-Identifier: Apache-2.0
import BuildKitAPI
import Builder
import Engine
import Errors
import Logging
import NIOCore
import NIOHTTP1
import Threads

/// The Docker Engine API of one engine: its routes, and the configuration of a server for them.
package struct EngineAPI: Sendable {
  package let engine: Engine
  package let versions: APIVersions
  package let logger: Logger
  let buildKit: BuildKitServer

  package init(engine: Engine, versions: APIVersions = APIVersions(), logger: Logger) {
    self.engine = engine
    self.versions = versions
    self.logger = logger
    buildKit = BuildKitServer(EngineBuilds(engine: engine), log: logger)
  }

  package func serverConfiguration(version: String) -> ServerConfiguration {
    let dispatcher = Dispatcher(router: router(), versions: versions, logger: logger)
    var configuration = ServerConfiguration(responder: { try await dispatcher.respond(to: $0) }, errorResponse: ErrorAnswer.make)
    configuration.commonHeaders = [
      "Api-Version": versions.maximum.description, "Docker-Experimental": "false", "Ostype": "linux", "Server": "Hull/\(version) (linux)",
    ]
    configuration.logger = logger
    // BuildKit's clients speak gRPC without asking first (`buildctl --addr unix://…`, buildx's driver `remote`).
    configuration.http2 = { [buildKit] channel in buildKit.serve(channel) }
    return configuration
  }

  /// Nothing is served any more: writes down what has waited.
  package func finish() async { try? await Blocking.run { [buildKit] in buildKit.settle() } }

  private func router() -> Router {
    let router = Router()
    addSystemRoutes(to: router)
    addContainerRoutes(to: router)
    addContainerStreamRoutes(to: router)
    addArchiveRoutes(to: router)
    addExecRoutes(to: router)
    addImageRoutes(to: router)
    addRegistryRoutes(to: router)
    addImageArchiveRoutes(to: router)
    addNetworkRoutes(to: router)
    addBuildRoutes(to: router)
    addHullRoutes(to: router)
    addHullVolumeRoutes(to: router)
    addHullStoreRoutes(to: router)
    addVolumeRoutes(to: router)
    addBuildKitRoutes(to: router)
    addUnavailableRoutes(to: router)
    return router
  }
}
