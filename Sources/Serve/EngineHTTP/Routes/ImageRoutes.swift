// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

extension EngineAPI {
  func addImageRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/images/json") { context in
      var images = try await engine.listImages(
        all: context.query.bool("all"), filters: try context.query.filters(), digests: context.query.bool("digests"),
        sharedSize: context.query.bool("shared-size"), manifests: context.query.bool("manifests"))
      if context.version < APIVersion(1, 44) { for index in images.indices { images[index].virtualSize = images[index].size } }
      return try .json(images)
    }
    router.add("GET", "/images/{name...}/json") { context in
      let query = context.query
      let image = try await engine.inspectImage(context["name"], platform: query.text("platform"), manifests: query.bool("manifests"))
      return try .json(try EarlierForms.image(image, context.version))
    }
    router.add("GET", "/images/{name...}/history") { context in
      try .json(try await engine.imageHistory(context["name"], platform: context.query.text("platform")))
    }
    router.add("POST", "/images/{name...}/tag") { context in
      try await engine.tagImage(context["name"], repository: context.query["repo"], tag: context.query["tag"])
      return .empty(.created)
    }
    router.add("DELETE", "/images/{name...}") { context in
      let removed = try await engine.removeImage(
        context["name"], force: context.query.bool("force"), noPrune: context.query.bool("noprune"))
      return try .json(removed)
    }
    router.add("POST", "/images/prune") { context in try .json(try await engine.pruneImages(filters: try context.query.filters())) }
  }
}
