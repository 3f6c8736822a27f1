// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import RegistryServer

/// A connection whose answer has been written, and not yet taken by the kernel.
@Suite struct LastByteTests {
  private let channel = EmbeddedChannel(handler: LastByteHandler())

  init() throws {
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    channel.write(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)), promise: nil)
  }

  @Test func aCloseWaitsForTheLastByte() throws {
    channel.write(HTTPServerResponsePart.end(nil), promise: nil)
    let closed = channel.close()
    #expect(channel.isActive)
    channel.flush()
    try closed.wait()
    #expect(!channel.isActive)
    #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) != nil)
  }

  @Test func everyoneWhoClosesHearsOfIt() throws {
    channel.write(HTTPServerResponsePart.end(nil), promise: nil)
    let first = channel.close()
    let second = channel.close()
    channel.flush()
    try first.wait()
    try second.wait()
  }

  @Test func nothingIsHeldWhereNothingWaits() throws {
    channel.flush()
    try channel.close().wait()
    #expect(!channel.isActive)
  }
}
