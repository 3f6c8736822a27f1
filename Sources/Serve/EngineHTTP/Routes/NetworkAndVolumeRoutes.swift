// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

/// What there is can be looked at; making more of it is not available yet.
extension EngineAPI {
  func addNetworkAndVolumeRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/volumes") { context in try .json(try await engine.listVolumes(filters: try context.query.filters())) }
    router.add("GET", "/volumes/{name}") { context in
      let name = context["name"]
      guard let volume = try await engine.listVolumes(filters: Filters()).volumes.first(where: { $0.name == name }) else {
        throw HullError(.notFound, "get \(name): no such volume")
      }
      return try .json(volume)
    }
  }
}
