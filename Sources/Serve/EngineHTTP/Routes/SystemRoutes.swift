// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors
import NIOCore
import NIOHTTP1

extension EngineAPI {
  func addSystemRoutes(to router: Router) {
    // With 2 the docker CLI builds through buildx, where that is installed, over `POST /grpc`; without it, and with DOCKER_BUILDKIT=0, over `POST /build`.
    let ping: HTTPHeaders = [
      "Builder-Version": "2", "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Swarm": "inactive",
      "Content-Type": "text/plain; charset=utf-8",
    ]
    let pong = FullResponse(headers: ping, body: ByteBuffer(string: "OK"))
    let silentPong = FullResponse(headers: ping)
    router.add("GET", "/_ping") { _ in .full(pong) }
    router.add("HEAD", "/_ping") { _ in .full(silentPong) }
    router.add("GET", "/version") { [engine] _ in try .json(try await engine.version()) }
    router.add("GET", "/info") { [engine] _ in try .json(try await engine.info()) }
    router.add("GET", "/system/df") { [engine] _ in try .json(try await engine.diskUsage()) }
    router.add("GET", "/events") { [engine] context in
      let options = try Self.eventOptions(context.query)
      return .stream(
        StreamResponse(headers: Response.jsonHeaders) { writer in
          let events = try await engine.events(options)
          try await writer.start()
          for await event in events { try await writer.write(try Response.jsonLine(event)) }
        })
    }
  }

  private static func eventOptions(_ query: Query) throws(HullError) -> EventOptions {
    var options = EventOptions()
    options.since = try query.time("since")
    options.until = try query.time("until")
    options.filters = try query.filters()
    if let since = options.since, let until = options.until, since > until {
      throw HullError(.invalidArgument, "`since` time (\(query["since"])) cannot be after `until` time (\(query["until"]))")
    }
    return options
  }
}
