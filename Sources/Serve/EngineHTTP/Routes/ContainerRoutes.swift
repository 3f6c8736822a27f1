// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors
import NIOHTTP1

extension EngineAPI {
  func addContainerRoutes(to router: Router) {
    addContainerLifeRoutes(to: router)
    addContainerViewRoutes(to: router)
  }

  private func addContainerLifeRoutes(to router: Router) {
    let engine = engine
    router.add("POST", "/containers/create") { context in
      var request = try await context.requiredJSON(
        ContainerCreateRequest.self, orElse: "invalid JSON: got EOF while reading request body: config cannot be empty in order to create a container"
      )
      try EarlierForms.check(&request, context.version)
      let answer = try await engine.createContainer(
        name: context.query.text("name"), request: request, platform: context.query.text("platform"))
      return try .json(answer, .created)
    }
    router.add("POST", "/containers/{id}/start") { context in
      // As Docker: `{}` and `null` are what old clients send.
      guard context.request.body.isEmpty || context.request.body.declaredLength.map({ $0 <= 7 }) ?? false else {
        throw HullError(
          .invalidArgument, "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24")
      }
      try await engine.startContainer(context["id"], detachKeys: context.query.text("detachKeys"))
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/stop") { context in
      try await engine.stopContainer(context["id"], signal: context.query.text("signal"), timeout: try context.query.int("t"))
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/restart") { context in
      try await engine.restartContainer(context["id"], signal: context.query.text("signal"), timeout: try context.query.int("t"))
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/kill") { context in
      try await engine.killContainer(context["id"], signal: context.query.text("signal"))
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/pause") { context in
      try await engine.pauseContainer(context["id"])
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/unpause") { context in
      try await engine.unpauseContainer(context["id"])
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/rename") { context in
      try await engine.renameContainer(context["id"], to: context.query["name"])
      return .empty(.noContent)
    }
    router.add("POST", "/containers/{id}/update") { context in
      let request = try await context.requiredJSON(ContainerUpdateRequest.self, orElse: "invalid JSON: got EOF while reading request body")
      return try .json(try await engine.updateContainer(context["id"], request))
    }
    router.add("POST", "/containers/{id}/resize") { context in
      try await engine.resizeContainer(context["id"], size: try Self.terminalSize(context.query))
      return .empty(.ok)
    }
    router.add("DELETE", "/containers/{id}") { context in
      try await engine.removeContainer(
        context["id"], volumes: context.query.bool("v"), force: context.query.bool("force"), link: context.query.bool("link"))
      return .empty(.noContent)
    }
    // A link is named as PARENT/ALIAS.
    router.add("DELETE", "/containers/{id}/{alias}", listed: false) { context in
      try await engine.removeContainer(
        context["id"] + "/" + context["alias"], volumes: context.query.bool("v"), force: context.query.bool("force"),
        link: context.query.bool("link"))
      return .empty(.noContent)
    }
    router.add("POST", "/containers/prune") { context in
      try .json(try await engine.pruneContainers(filters: try context.query.filters()))
    }
  }

  private func addContainerViewRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/containers/json") { context in
      var options = ListOptions()
      options.all = context.query.bool("all")
      options.limit = try context.query.int("limit").flatMap { $0 > 0 ? $0 : nil }
      options.size = context.query.bool("size")
      options.filters = try context.query.filters()
      return .json(bytes: try await engine.listContainersJSON(options))
    }
    router.add("GET", "/containers/{id}/json") { context in
      try .json(EarlierForms.container(try await engine.inspectContainer(context["id"], size: context.query.bool("size")), context.version))
    }
    router.add("GET", "/containers/{id}/{alias}/json", listed: false) { context in
      let answer = try await engine.inspectContainer(context["id"] + "/" + context["alias"], size: context.query.bool("size"))
      return try .json(EarlierForms.container(answer, context.version))
    }
    router.add("GET", "/containers/{id}/top") { context in
      try .json(try await engine.topContainer(context["id"], psArguments: context.query.text("ps_args")))
    }
    router.add("GET", "/containers/{id}/changes") { context in try .json(try await engine.containerChanges(context["id"])) }
  }

  static func terminalSize(_ query: Query) throws(HullError) -> TerminalSize {
    guard let rows = UInt16(query["h"]), let columns = UInt16(query["w"]) else {
      throw HullError(.invalidArgument, "invalid terminal size: the query parameters 'h' and 'w' must be numbers from 0 to 65535")
    }
    return TerminalSize(rows: rows, columns: columns)
  }
}
