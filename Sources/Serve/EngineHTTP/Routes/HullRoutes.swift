// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors

/// What Hull has beyond the Docker Engine API, below `/hull`.
extension EngineAPI {
  func addHullRoutes(to router: Router) {
    let engine = engine
    router.add("GET", "/hull/containers/{id}/exposure") { context in try .json(try await engine.exposure(context["id"])) }
    router.add("POST", "/hull/containers/{id}/recreate") { context in
      let body = try await context.requiredBytes(orElse: "invalid JSON: got EOF while reading request body")
      return try .json(try await engine.recreateContainer(context["id"], RecreateRequest(parsing: body.readableBytesView)))
    }
    router.add("POST", "/hull/containers/{id}/ports") { context in
      let request = try await context.requiredJSON(PortsRequest.self, orElse: "invalid JSON: got EOF while reading request body")
      try await engine.publishPorts(context["id"], request)
      return .empty(.noContent)
    }
    router.add("DELETE", "/hull/containers/{id}/ports") { context in
      try await engine.unpublishPort(context["id"], port: context.query["port"])
      return .empty(.noContent)
    }
    router.add("POST", "/hull/containers/{id}/mounts") { context in
      let mount = try await context.requiredJSON(Mount.self, orElse: "invalid JSON: got EOF while reading request body")
      try await engine.addMount(context["id"], mount)
      return .empty(.noContent)
    }
    router.add("DELETE", "/hull/containers/{id}/mounts") { context in
      try await engine.removeMount(context["id"], path: context.query["path"])
      return .empty(.noContent)
    }
  }
}
