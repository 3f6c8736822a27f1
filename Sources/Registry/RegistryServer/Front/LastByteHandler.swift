// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// Lets a connection close only when the last byte of its answers is with the kernel.
///
/// At the end of the server what lies behind closes a connection as soon as it has written an answer, and a close drops what is still waiting.
final class LastByteHandler: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Answers that were written, but not sent.
  private var unsent = 0
  /// A close that waits for them.
  private var close: EventLoopPromise<Void>?

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
    unsent += 1
    let sent = promise ?? context.eventLoop.makePromise()
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    sent.futureResult.whenComplete { _ in
      let (handler, context) = bound.value
      handler.unsent -= 1
      if handler.unsent == 0, let close = handler.close { context.close(promise: close) }
    }
    context.write(data, promise: sent)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .all, unsent > 0 else { return context.close(mode: mode, promise: promise) }
    if let close { return close.futureResult.cascade(to: promise) }
    close = promise ?? context.eventLoop.makePromise()
  }
}
