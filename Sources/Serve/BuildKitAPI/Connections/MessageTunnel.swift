// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol
import GRPCCore
import NIOCore

/// A byte stream within the messages of a call.
enum MessageTunnel {
  /// Sends what comes from a socket, until it ends.
  static func send(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, to writer: RPCWriter<SessionBytesMessage>) async throws {
    for try await bytes in inbound {
      var message = SessionBytesMessage()
      message.data = .init(bytes.readableBytesView)
      try await writer.write(message)
    }
  }

  /// Gives what comes in messages to a socket, and says when that has ended.
  static func receive(
    _ messages: RPCAsyncSequence<SessionBytesMessage, any Error>, to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) async throws {
    for try await message in messages { try await outbound.write(ByteBuffer(bytes: message.data)) }
    outbound.finish()
  }
}
