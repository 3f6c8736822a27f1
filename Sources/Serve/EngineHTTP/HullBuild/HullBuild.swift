// SPDX-License-Identifier: Apache-2.0
import BuildKitAPI
import BuildWire
import Builder
import DockerAPI
import Engine
import Errors
import Glibc
import LinuxSystem
import NIOCore
import Threads

/// One conversation with `hull build` (docs/reference/api.md, `POST /hull/build`).
struct HullBuild: Sendable {
  private let engine: Engine
  /// Keeps what has been built.
  private let buildKit: BuildKitServer
  private let line: FrameLine
  private let session: HullBuildSession
  private let request = Promise<HullBuildRequest>()

  private init(_ engine: Engine, _ buildKit: BuildKitServer, _ contexts: ContextStore, _ line: FrameLine) {
    self.engine = engine
    self.buildKit = buildKit
    self.line = line
    session = HullBuildSession(line: line, contexts: contexts, keptIn: engine.configuration.root)
  }

  /// The connection becomes a conversation in frames.
  static func hijack(_ engine: Engine, _ buildKit: BuildKitServer, _ contexts: ContextStore) throws(HullError) -> Hijack {
    let pair = try step("cannot begin a build") { () throws(SystemError) in try UnixSocket.pair() }
    let build = HullBuild(engine, buildKit, contexts, FrameLine(OwnedDescriptor(pair.first)))
    let far = pair.second
    return Hijack(
      protocolName: "hull-build", headers: ["Content-Type": "application/vnd.hull.build"],
      install: { client in
        Task { await build.run() }
        return Glue.join(client, to: far, filter: NIOLoopBound(nil, eventLoop: client.eventLoop), onStop: {})
      }, abandon: { close(far) })
  }

  private func run() async {
    let (line, session, request, engine, buildKit) = (line, session, request, engine, buildKit)
    let writer = Task { try? await Blocking.stream { line.writeAll() } }
    let events = HullBuildEvents(line)
    let build = Task {
      let asked = try await request.value()
      session.begin(keys: asked.contextKeys)
      return try await buildKit.recording(try BuildRequest(asked, id: EngineAPI.buildID()), directory: asked.directoryName) {
        events.put($0)
      } _: {
        try await engine.build($0, session: session, progress: $1)
      }
    }
    let reader = Task {
      await read()
      // A client that is gone wants nothing any more.
      build.cancel()
    }
    switch await build.result {
    case .success(let result):
      // Its findings have been told.
      if let failure = result.failure { events.fail(failure) } else { events.succeed(result) }
    case .failure(let error): events.fail(error)
    }
    line.close()
    _ = await writer.value
    line.fail()
    await reader.value
  }

  private func read() async {
    let (line, session, request) = (line, session, request)
    var reason = HullError(.unavailable, "the client of the build is gone")
    do {
      try await Blocking.stream {
        try line.readAll { frame in
          guard frame.kind == .request else { return try session.take(frame) }
          request.fulfil(Swift.Result { try DockerJSON.decode(HullBuildRequest.self, from: frame.payload) })
        }
      }
    } catch let error as HullError {
      reason = error
    } catch {}
    request.fulfil(.failure(reason))
    session.broken(reason)
  }
}
