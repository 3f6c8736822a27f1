// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors
import Foundation
import NIOHTTP1

/// What Hull does with volumes beyond the Docker Engine API.
extension EngineAPI {
  func addHullVolumeRoutes(to router: Router) {
    let engine = engine
    router.add("POST", "/hull/volumes/{name}/clone") { context in
      let request = try await context.requiredJSON(VolumeCloneRequest.self, orElse: Self.emptyBody)
      return try .json(try await engine.cloneVolume(context["name"], request), .created)
    }
    router.add("POST", "/hull/volumes/{name}/rename") { context in
      let request = try await context.requiredJSON(VolumeRenameRequest.self, orElse: Self.emptyBody)
      try await engine.renameVolume(context["name"], request)
      return .empty(.noContent)
    }
    router.add("POST", "/hull/volumes/{name}/restore") { context in
      let request = try await context.requiredJSON(VolumeRestoreRequest.self, orElse: Self.emptyBody)
      try await engine.restoreVolume(context["name"], request)
      return .empty(.noContent)
    }
    router.add("GET", "/hull/volumes/{name}/usage") { context in try .json(try await engine.volumeSpace(context["name"])) }
    router.add("GET", "/hull/volumes/{name}/archive") { context in
      let (name, loop) = (context["name"], context.request.loop)
      return .stream(
        StreamResponse(headers: ["Content-Type": "application/x-tar"]) { writer in
          try await Bridge.send(to: writer, on: loop) { try await engine.exportVolume(name, to: $0) }
        })
    }
    router.add("PUT", "/hull/volumes/{name}/archive") { context in
      let (name, query) = (context["name"], context.query)
      let labels = try query.text("labels").map { text in
        do { return try DockerJSON.decode([String: String].self, from: Data(text.utf8)) } catch {
          throw HullError(.invalidArgument, "invalid labels: a JSON object of strings is expected", cause: error)
        }
      }
      try await Bridge.feed(context.request.body, on: context.request.loop) {
        try await engine.importVolume(name, replace: query.bool("replace"), size: query.text("size"), labels: labels, from: $0)
      }
      return .empty(.noContent)
    }
  }

  private static let emptyBody = "invalid JSON: got EOF while reading request body"
}
