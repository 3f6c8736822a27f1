// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors
import NIOCore
import NIOHTTP1

/// `docker cp`.
extension EngineAPI {
  func addArchiveRoutes(to router: Router) {
    let engine = engine
    router.add("HEAD", "/containers/{id}/archive") { context in
      let stat = try await engine.statPath(context["id"], path: try Self.path(context))
      return .full(FullResponse(headers: try Self.statHeader(stat)))
    }
    router.add("GET", "/containers/{id}/archive") { context in
      let source = try await engine.readArchive(context["id"], path: try Self.path(context))
      var headers = try Self.statHeader(source.stat)
      headers.add(name: "Content-Type", value: "application/x-tar")
      let loop = context.request.loop
      return .stream(
        StreamResponse(headers: headers) { writer in
          try await Bridge.send(to: writer, on: loop) { try await source.write(to: $0) }
        })
    }
    router.add("PUT", "/containers/{id}/archive") { context in
      let (id, path) = (context["id"], try Self.path(context))
      let noOverwrite = context.query.bool("noOverwriteDirNonDir")
      let copyOwner = context.query.bool("copyUIDGID")
      try await Bridge.feed(context.request.body, on: context.request.loop) {
        try await engine.writeArchive(id, path: path, noOverwriteDirNonDir: noOverwrite, copyUIDGID: copyOwner, from: $0)
      }
      return .empty(.ok)
    }
  }

  private static func path(_ context: RouteContext) throws(HullError) -> String {
    guard let path = context.query.text("path") else { throw HullError(.invalidArgument, "bad parameter: 'path' cannot be empty") }
    return path
  }

  private static func statHeader(_ stat: PathStat) throws -> HTTPHeaders {
    ["X-Docker-Container-Path-Stat": try DockerJSON.encode(stat).base64EncodedString()]
  }
}
