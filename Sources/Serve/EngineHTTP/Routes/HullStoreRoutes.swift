// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import NIOHTTP1

/// What Hull says of its images and of its disk beyond the Docker Engine API.
extension EngineAPI {
  func addHullStoreRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/hull/images/{name...}/layers") { context in
      let (query, limit) = (context.query, try context.query.int("limit"))
      return try .json(try await engine.imageLayers(context["name"], platform: query.text("platform"), limit: limit))
    }
    router.add("GET", "/hull/images/diff") { context in
      let (query, loop) = (context.query, context.request.loop)
      return .stream(
        StreamResponse(headers: Response.jsonHeaders) { writer in
          try await Bridge.send(to: writer, on: loop) {
            try await engine.imageDifference(from: query["from"], to: query["to"], platform: query.text("platform"), to: $0)
          }
        })
    }
    router.add("GET", "/hull/store/why/{id...}") { context in try .json(try await engine.whyKept(context["id"])) }
    router.add("POST", "/hull/store/check") { context in
      let query = context.query
      return try .json(try await engine.checkStore(mend: query.bool("mend"), deep: query.bool("deep", default: true)))
    }
  }
}
