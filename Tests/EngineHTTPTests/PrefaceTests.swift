// SPDX-License-Identifier: Apache-2.0
import Foundation
import NIOCore
import Testing

@testable import EngineHTTP

/// Clients that speak HTTP/2 from the first byte, beside those that speak HTTP/1.
@Suite struct PrefaceTests {
  private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  /// Sends back what it gets, as what takes over a connection.
  private final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }
  }

  private func withEcho(_ test: @escaping @Sendable (RawClient) -> Void) async throws {
    try await withServer({ configuration in
      configuration.http2 = { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
          .flatMap { channel.setOption(.autoRead, value: true) }
      }
    }) {
      $0.add("GET", "/a") { _ in .text("one") }
    } test: {
      await $0.connect { test($0) }
    }
  }

  @Test func theConnectionIsHandedOverWithAllItsBytes() async throws {
    try await withEcho { client in
      client.send(Self.preface + "more")
      #expect(client.readText(28) == Self.preface + "more")
      client.send("and more")
      #expect(client.readText(8) == "and more")
    }
  }

  @Test func aPrefaceMayComeInPieces() async throws {
    try await withEcho { client in
      for byte in Self.preface.utf8 {
        client.send([byte])
        usleep(500)
      }
      #expect(client.readText(24) == Self.preface)
    }
  }

  @Test func othersAreServedAsEver() async throws {
    try await withEcho { client in
      client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(client.readAnswer().body == "one")
      // Behind a request it is no preface.
      client.send(Self.preface)
      #expect(client.readHead().status == 505)
    }
  }

  @Test(arguments: ["P", "PRI * HTTP/2.0\r\n\r\n", "POST /", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n123", ""])
  func beginningsAreTold(_ text: String) {
    let expected: Preface.Match = text.isEmpty || text.hasPrefix("PO") ? .none : text.utf8.count >= 24 ? .whole : .part
    #expect(Preface.match(ByteBuffer(string: text)) == expected)
  }

  @Test func withoutOneWhoTakesItTheVersionIsRefused() async throws {
    try await withServer(routes: { _ in }) { server in
      #expect(await server.ask(Self.preface).status == 505)
    }
  }
}
