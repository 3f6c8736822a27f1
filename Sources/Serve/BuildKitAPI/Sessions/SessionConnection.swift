// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import Errors
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore

/// A connection that a client has handed over to be asked on.
enum SessionConnection {
  /// Speaks on the channel, whose HTTP/1 handlers are still in front, and keeps the session in `sessions` for as long as it lives.
  static func install(
    on channel: any Channel, _ introduction: ClientSession.Introduction, in sessions: Rendezvous<ClientSession>, _ log: Logger
  ) -> EventLoopFuture<Void> {
    let installed = channel.eventLoop.makePromise(of: Void.self)
    Task {
      do {
        try await ClosesWithInput.add(to: channel).get()
        try await PingAnswers.add(to: channel, isServer: false).get()
        let transport = try await HTTP2ClientTransport.WrappedChannel.wrapping(config: configuration) { try await $0(channel).get() }
        channel.setOption(.autoRead, value: true).cascade(to: installed)
        await run(ClientSession(introduction, client: GRPCClient(transport: transport), channel: channel), in: sessions)
      } catch {
        log.debug("session \(introduction.id) failed", metadata: ["error": "\(error)"])
        installed.fail(error)
      }
      channel.close(promise: nil)
    }
    return installed.futureResult
  }

  private static func run(_ session: ClientSession, in sessions: Rendezvous<ClientSession>) async {
    let name = session.introduction.id
    // The route has refused a second one of the same name; two at the same instant: the later one ends here.
    guard sessions.add(name, session) else { return }
    let health = Task { await watch(session) }
    try? await session.client.runConnections()
    health.cancel()
    sessions.remove(name)
  }

  /// Ends a session whose client neither answers nor goes away (it is stopped, say).
  private static func watch(_ session: ClientSession) async {
    var failures = 0
    while failures < 2 {
      do { try await Task.sleep(for: .seconds(10)) } catch { return }
      do {
        try await withTimeout(.seconds(20)) {
          _ = try await session.call(ServiceName.health, "Check", SessionHealthCheckRequest(), as: SessionHealthCheckResponse.self)
        }
        failures = 0
      } catch {
        failures += 1
      }
    }
    session.close()
  }

  private static func withTimeout(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
      group.addTask(operation: body)
      group.addTask {
        try await Task.sleep(for: limit)
        throw HullError(.unavailable, "session: no answer in time")
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private static var configuration: HTTP2ClientTransport.WrappedChannel.Config {
    var configuration = HTTP2ClientTransport.WrappedChannel.Config.defaults
    // Servers of gRPC refuse requests without one.
    configuration.http2.authority = "localhost"
    configuration.http2.targetWindowSize = 4 << 20
    configuration.connection.maxIdleTime = nil
    return configuration
  }
}
