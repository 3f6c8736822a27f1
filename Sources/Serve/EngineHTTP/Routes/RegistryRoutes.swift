// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

/// Images from and to registries.
extension EngineAPI {
  func addRegistryRoutes(to router: Router) {
    let engine = engine
    router.add("POST", "/images/{name...}/push") { context in
      let (name, query, auth) = (context["name"], context.query, context.registryAuth)
      return Self.progress { report in
        try await engine.pushImage(
          name, tag: query["tag"], platform: query.text("platform"), compression: query["compression"], auth: auth, progress: report)
      }
    }
    router.add("POST", "/auth") { context in
      try .json(try await engine.login(try await context.requiredJSON(AuthRequest.self, orElse: "no credentials: the body is empty")))
    }
    router.add("GET", "/images/search") { context in
      let limit = try context.query.text("limit").flatMap { $0.isEmpty ? nil : $0 }.map { text throws(HullError) in
        guard let limit = Int(text) else { throw HullError(.invalidArgument, "invalid limit '\(text)': use a number") }
        return limit
      }
      let found = try await engine.searchImages(
        context.query["term"], limit: limit, filters: try context.query.filters(), auth: context.registryAuth)
      return try .json(found)
    }
    router.add("GET", "/distribution/{name...}/json") { context in
      try .json(try await engine.inspectDistribution(context["name"], auth: context.registryAuth))
    }
  }

  static func pull(_ engine: Engine, _ context: RouteContext) -> Response {
    let (query, auth) = (context.query, context.registryAuth)
    return progress { report in
      try await engine.pullImage(query["fromImage"], tag: query["tag"], platform: query.text("platform"), auth: auth, progress: report)
    }
  }
}

extension RouteContext {
  /// The client's credentials for a registry.
  fileprivate var registryAuth: String? { request.head.headers.first(name: "X-Registry-Auth") }
}
