// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore

/// BuildKit's gRPC API, on connections that clients of the Docker API hand over (`POST /grpc`, `POST /session`), and on those that speak HTTP/2 from the
/// first byte.
package final class BuildKitServer: Sendable {
  private let backend: any BuildBackend
  private let sessions = Rendezvous<ClientSession>(patience: .seconds(10))
  private let builds: Builds
  let history: BuildHistory
  private let log: Logger

  package init(_ backend: any BuildBackend, log: Logger) {
    (self.backend, self.log) = (backend, log)
    history = BuildHistory(directory: backend.scratchDirectory + "/build-history")
    builds = Builds(backend, sessions, history)
  }

  /// Serves calls on a connection, until it ends; with it end the builds that were called for on it.
  /// - Returns: succeeds when bytes may come. To be called on the channel's loop.
  package func serve(_ channel: any Channel) -> EventLoopFuture<Void> {
    var router = RPCRouter<HTTP2ServerTransport.Custom<ServedConnection.Listener>>()
    let control = ControlService(backend: backend, builds: builds) { [self] metadata in
      let introduction = try introduction { Array(metadata[stringValues: $0.lowercased()]) }
      return TunnelledSession(introduction: introduction.session, sessions: sessions, loop: channel.eventLoop, log: log)
    }
    control.register(with: &router)
    ContentService(backend: backend, history: builds.history).register(with: &router)
    GatewayService(backend: backend, builds: builds, worker: { await control.worker }).register(with: &router)
    router.unary(ServiceName.health, "Check") { (_: SessionHealthCheckRequest, _) in
      var answer = SessionHealthCheckResponse()
      answer.status = 1  // SERVING
      return answer
    }
    return ServedConnection.install(on: channel, router: router)
  }

  /// Writes down what has ended, before the daemon does. Blocking.
  package func settle() { try? history.settle() }

  /// Checks what a client says of its session.
  /// - Parameter field: gives all values of a header field.
  package func introduction(_ field: (String) -> [String]) throws(HullError) -> Introduction {
    guard let id = field("X-Docker-Expose-Session-Uuid").first, !id.isEmpty else {
      throw HullError(.invalidArgument, "a session needs an ID in X-Docker-Expose-Session-Uuid")
    }
    guard !sessions.values.contains(where: { $0.introduction.id == id }) else {
      throw HullError(.conflict, "session \(id) already exists")
    }
    let methods = field("X-Docker-Expose-Session-Grpc-Method").map { $0.lowercased() }
    let sharedKey = field("X-Docker-Expose-Session-Sharedkey").first ?? ""
    return Introduction(session: ClientSession.Introduction(id: id, sharedKey: sharedKey, methods: Set(methods)))
  }

  /// What a client has said of its session.
  package struct Introduction: Sendable {
    let session: ClientSession.Introduction
  }

  /// Keeps a session for as long as its connection lives.
  /// - Returns: succeeds when bytes may come.
  package func attach(_ channel: any Channel, _ introduction: Introduction) -> EventLoopFuture<Void> {
    SessionConnection.install(on: channel, introduction.session, in: sessions, log)
  }
}
