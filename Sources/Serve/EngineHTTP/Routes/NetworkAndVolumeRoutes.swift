// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

/// What there is can be looked at; making more of it is not available yet.
extension EngineAPI {
  func addNetworkAndVolumeRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/networks") { context in try .json(try await engine.listNetworks(filters: try context.query.filters())) }
    router.add("GET", "/networks/{id}") { context in try .json(try await engine.inspectNetwork(context["id"])) }
  }
}
