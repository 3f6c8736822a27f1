// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Engine
import Errors
import NIOHTTP1

/// Images in and out as archives.
extension EngineAPI {
  func addImageArchiveRoutes(to router: Router) {
    let engine = engine
    router.add("POST", "/images/load") { context in
      let (quiet, platform) = (context.query.bool("quiet", default: true), context.query.text("platform"))
      // As in Docker the answer has begun by the time that the archive is looked at.
      return Self.progress(errorsAreLines: true) { report in
        try await Bridge.feed(context.request.body, on: context.request.loop) {
          try await engine.loadImages(from: $0, quiet: quiet, platform: platform, progress: report)
        }
      }
    }
    router.add("GET", "/images/get") { context in
      let names = context.query.all("names").flatMap { $0.split(separator: ",").map(String.init) }
      guard !names.isEmpty else { throw HullError(.invalidArgument, "no images named: give them as names=IMAGE") }
      return Self.save(names, engine, context)
    }
    router.add("GET", "/images/{name...}/get") { context in Self.save([context["name"]], engine, context) }
    router.add("POST", "/commit") { context in
      let query = context.query
      var options = CommitOptions()
      (options.container, options.repository, options.tag) = (query["container"], query["repo"], query["tag"])
      (options.comment, options.author) = (query["comment"], query["author"])
      options.pause = query.bool("pause", default: true)
      options.changes = query.all("changes")
      options.config = try await context.json(ContainerConfig.self)
      return try .json(try await engine.commitContainer(options), .created)
    }
    router.add("POST", "/images/create") { context in
      if context.query.text("fromImage") != nil { return Self.pull(engine, context) }
      return try Self.importImage(engine, context)
    }
  }

  private static func importImage(_ engine: Engine, _ context: RouteContext) throws(HullError) -> Response {
    let query = context.query
    var options = ImportOptions()
    (options.repository, options.tag, options.message) = (query["repo"], query["tag"], query["message"])
    (options.changes, options.platform) = (query.all("changes"), query.text("platform"))
    let (wanted, source) = (options, query["fromSrc"])
    guard source == "-" else { return progress { report in try await engine.importImage(at: source, wanted, progress: report) } }
    return progress { report in
      try await Bridge.feed(context.request.body, on: context.request.loop) { try await engine.importImage(from: $0, wanted, progress: report) }
    }
  }

  private static func save(_ names: [String], _ engine: Engine, _ context: RouteContext) -> Response {
    let (loop, platform) = (context.request.loop, context.query.text("platform"))
    return .stream(
      StreamResponse(headers: ["Content-Type": "application/x-tar"]) { writer in
        try await Bridge.send(to: writer, on: loop) { try await engine.saveImages(names, platform: platform, to: $0) }
      })
  }

  /// Runs `work` and sends what it reports, a JSON line each. An error before the first line is an error answer, unless `errorsAreLines`; a later
  /// one is the last line.
  static func progress(errorsAreLines: Bool = false, _ work: @escaping @Sendable (@escaping ProgressSink) async throws -> Void) -> Response {
    .stream(
      StreamResponse(headers: Response.jsonHeaders) { writer in
        // A client that does not read loses old lines, never the last.
        let (lines, sink) = AsyncThrowingStream<ProgressMessage, any Error>.makeStream(bufferingPolicy: .bufferingNewest(1024))
        let worker = Task {
          do {
            try await work { sink.yield($0) }
            sink.finish()
          } catch {
            sink.finish(throwing: error)
          }
        }
        // With the client the work goes, too: also when it is only noticed by a line that cannot be sent.
        defer { worker.cancel() }
        try await withTaskCancellationHandler {
          try await send(lines, to: writer, begun: errorsAreLines)
        } onCancel: {
          worker.cancel()
        }
      })
  }

  private static func send(_ lines: AsyncThrowingStream<ProgressMessage, any Error>, to writer: ResponseWriter, begun: Bool) async throws {
    var begun = begun
    do {
      for try await line in lines {
        begun = true
        try await writer.write(try Response.jsonLine(line))
      }
    } catch {
      guard begun, !(error is ClientGone) else { throw error }
      var last = ProgressMessage()
      last.error = "\(error)"
      last.errorDetail = ProgressError()
      last.errorDetail?.message = "\(error)"
      writer.end(with: try Response.jsonLine(last))
    }
  }
}
