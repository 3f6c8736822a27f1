// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors
import NIOCore
import NIOHTTP1

/// Answers that go on while a container lives.
extension EngineAPI {
  func addContainerStreamRoutes(to router: Router) {
    let engine = engine
    router.add("POST", "/containers/{id}/wait") { context in
      let wait = try await engine.waitContainer(context["id"], condition: context.query.text("condition"))
      return .stream(
        StreamResponse(headers: Response.jsonHeaders) { writer in
          // Clients start the container when they see the head: the wait is registered by then.
          try await writer.start()
          writer.end(with: try Response.jsonLine(try await wait.result()))
        })
    }
    router.add("GET", "/containers/{id}/logs") { context in
      let logs = try await engine.containerLogs(context["id"], try Self.logOptions(context.query))
      return .stream(
        StreamResponse(headers: ["Content-Type": Self.streamType(terminal: logs.terminal, context.version)]) { writer in
          try await writer.start()
          for try await chunk in logs { try await writer.write(chunk) }
        })
    }
    router.add("GET", "/containers/{id}/stats") { context in
      let stream = context.query.bool("stream", default: true)
      let oneShot = context.version >= APIVersion(1, 41) && context.query.bool("one-shot")
      guard !(stream && oneShot) else { throw HullError(.invalidArgument, "cannot have stream=true and one-shot=true") }
      let stats = try await engine.containerStats(context["id"], stream: stream, oneShot: oneShot)
      return .stream(
        StreamResponse(headers: Response.jsonHeaders) { writer in
          if stream { try await writer.start() }
          for try await sample in stats { try await writer.write(try Response.jsonLine(sample)) }
        })
    }
    router.add("POST", "/containers/{id}/attach") { context in
      let attached = try await engine.attachContainer(context["id"], Self.attachOptions(context.query))
      return .hijack(Self.hijack(attached, context))
    }
    router.add("GET", "/containers/{id}/export") { context in
      let (id, loop) = (context["id"], context.request.loop)
      return .stream(
        StreamResponse(headers: ["Content-Type": "application/x-tar"]) { writer in
          try await Bridge.send(to: writer, on: loop) { try await engine.exportContainer(id, to: $0) }
        })
    }
  }

  private static func logOptions(_ query: Query) throws(HullError) -> LogOptions {
    var options = LogOptions()
    options.stdout = query.bool("stdout")
    options.stderr = query.bool("stderr")
    guard options.stdout || options.stderr else {
      throw HullError(.invalidArgument, "Bad parameters: you must choose at least one stream")
    }
    options.follow = query.bool("follow")
    options.timestamps = query.bool("timestamps")
    options.details = query.bool("details")
    // As Docker: what is not a number (`all`) means all, and so does a negative one.
    options.tail = Int(query["tail"]).flatMap { $0 >= 0 ? $0 : nil }
    options.since = try query.time("since").flatMap { $0 == 0 ? nil : $0 }
    options.until = try query.time("until").flatMap { $0 == 0 ? nil : $0 }
    return options
  }

  static func attachOptions(_ query: Query) -> AttachOptions {
    var options = AttachOptions()
    options.stdin = query.bool("stdin")
    options.stdout = query.bool("stdout")
    options.stderr = query.bool("stderr")
    options.logs = query.bool("logs")
    options.stream = query.bool("stream")
    options.detachKeys = query.text("detachKeys")
    return options
  }

  /// What the bytes of a workload's output are called since API 1.42.
  static func streamType(terminal: Bool, _ version: APIVersion) -> String {
    terminal || version < APIVersion(1, 42) ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream"
  }
}
