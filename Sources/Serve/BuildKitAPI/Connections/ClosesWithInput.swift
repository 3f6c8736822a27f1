// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Closes a connection of whose other side nothing more can come: HTTP/2 knows no half-closed connections.
final class ClosesWithInput: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// Adds one behind the handlers that are there.
  static func add(to channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.submit { try channel.pipeline.syncOperations.addHandler(ClosesWithInput()) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .some(.inputClosed) = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
    context.close(promise: nil)
  }
}
