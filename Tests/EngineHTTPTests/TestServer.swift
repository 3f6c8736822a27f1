// SPDX-License-Identifier: Apache-2.0
import EngineHTTP
import Errors
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server with routes of the test's own on a socket of its own.
final class TestServer: Sendable {
  let path: String
  private let group: MultiThreadedEventLoopGroup
  private let acceptor: Acceptor
  private let socket: UnixListener

  init(_ adjust: (inout ServerConfiguration) -> Void = { _ in }, routes: (Router) -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("hull-http-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    path = directory + "/s"
    socket = try UnixListener(binding: path, group: nil)
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let router = Router()
    routes(router)
    let dispatcher = Dispatcher(router: router, logger: .init(label: "test"))
    var configuration = ServerConfiguration(responder: { try await dispatcher.respond(to: $0) }, errorResponse: ErrorAnswer.make)
    adjust(&configuration)
    acceptor = try HTTPServer(configuration, group: group).listen(on: socket.descriptor)
  }

  /// Talks to the server from a thread of its own.
  func connect<Result: Sendable>(_ body: @escaping @Sendable (RawClient) -> Result) async -> Result {
    let path = path
    return await onThread { body(RawClient(path)) }
  }

  /// One request on a connection of its own.
  func ask(_ text: String) async -> RawClient.Answer {
    await connect { client in
      client.send(text)
      return client.readAnswer(toHead: text.hasPrefix("HEAD"))
    }
  }

  func stop() async throws {
    await acceptor.close()
    try await group.shutdownGracefully()
    try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
  }
}

/// Starts a server, lets `test` use it, stops it.
func withServer(
  _ adjust: (inout ServerConfiguration) -> Void = { _ in }, routes: (Router) -> Void, test: (TestServer) async throws -> Void
) async throws {
  let server = try await TestServer(adjust, routes: routes)
  do { try await test(server) } catch {
    try await server.stop()
    throw error
  }
  try await server.stop()
}

extension Response {
  static func text(_ text: String) -> Response { .full(FullResponse(headers: ["Content-Type": "text/plain"], body: ByteBuffer(string: text))) }
}
