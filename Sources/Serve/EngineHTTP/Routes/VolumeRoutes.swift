// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

extension EngineAPI {
  func addVolumeRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/volumes") { context in try .json(try await engine.listVolumes(filters: try context.query.filters())) }
    router.add("GET", "/volumes/{name...}") { context in try .json(try await engine.inspectVolume(context["name"])) }
    router.add("POST", "/volumes/create") { context in
      let request = try await context.requiredJSON(VolumeCreateRequest.self, orElse: "got EOF while reading request body")
      return try .json(try await engine.createVolume(request), .created)
    }
    router.add("DELETE", "/volumes/{name...}") { context in
      try await engine.removeVolume(context["name"], force: context.query.bool("force"))
      return .empty(.noContent)
    }
    router.add("PUT", "/volumes/{name...}") { _ in
      throw HullError(.unavailable, "volumes cannot be updated: only those of a swarm can, and this node is not part of one")
    }
    router.add("POST", "/volumes/prune") { context in
      var filters = try context.query.filters()
      // Before 1.42 volumes with a name were pruned too.
      if context.version < APIVersion(1, 42) { filters = filters.adding("all", "true") }
      return try .json(try await engine.pruneVolumes(filters: filters))
    }
  }
}
