// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

extension EngineAPI {
  func addNetworkRoutes(to router: Router) {
    let engine = engine
    let missing = "invalid JSON: got EOF while reading request body"
    router.add("GET", "/networks") { context in try .json(try await engine.listNetworks(filters: try context.query.filters())) }
    router.add("GET", "/networks/{id}") { context in
      let scope = context.query.text("scope") ?? ""
      guard ["", "local"].contains(scope) else { throw HullError(.notFound, "network \(context["id"]) not found") }
      return try .json(try await engine.inspectNetwork(context["id"]))
    }
    router.add("POST", "/networks/create") { context in
      let request = try await context.requiredJSON(NetworkCreateRequest.self, orElse: missing)
      return try .json(try await engine.createNetwork(request), .created)
    }
    router.add("POST", "/networks/{id}/connect") { context in
      let request = try await context.requiredJSON(NetworkConnectRequest.self, orElse: missing)
      try await engine.connectNetwork(context["id"], request)
      return .empty(.ok)
    }
    router.add("POST", "/networks/{id}/disconnect") { context in
      let request = try await context.requiredJSON(NetworkDisconnectRequest.self, orElse: missing)
      try await engine.disconnectNetwork(context["id"], request)
      return .empty(.ok)
    }
    router.add("DELETE", "/networks/{id}") { context in
      try await engine.removeNetwork(context["id"])
      return .empty(.noContent)
    }
    router.add("POST", "/networks/prune") { context in try .json(try await engine.pruneNetworks(filters: try context.query.filters())) }
  }
}
