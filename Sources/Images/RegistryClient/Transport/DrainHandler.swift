// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOSSL

/// Lets a reader have everything that came before a connection ended.
///
/// A channel that is closed by the other side hands over all that is left at once, and HTTP's handler throws away what its reader has not asked for:
/// after a cut, megabytes that had arrived would be fetched again. So the end is only half a close here, what is left waits until it is asked for,
/// and then the channel is closed.
final class DrainHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// At most what a socket holds.
  private var held = CircularBuffer<ByteBuffer>()
  /// The reader asked for more than it was given.
  private var isWanted = true
  private var isDelivering = false
  private var hasEnded = false

  /// Puts one before the decoder of an HTTP/1 connection.
  static func install(on channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.submit {
      let pipeline = channel.pipeline.syncOperations
      try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
      let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
      try pipeline.addHandler(DrainHandler(), position: .before(decoder))
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isWanted, held.isEmpty { context.fireChannelRead(data) } else { held.append(unwrapInboundIn(data)) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    guard held.isEmpty else { return deliver(context) }
    isWanted = false
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    isWanted = true
    if held.isEmpty, !hasEnded { context.read() } else { deliver(context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .inputClosed? = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
    hasEnded = true
    deliver(context)
  }

  /// What TLS says when the other side ends without a word of farewell; `inputClosed` follows, and whether all came is seen by its length.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if case .uncleanShutdown? = error as? NIOSSLError { return }
    flush(context)
    context.fireErrorCaught(error)
  }

  func channelInactive(context: ChannelHandlerContext) {
    flush(context)
    context.fireChannelInactive()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    held.removeAll()
    context.close(mode: mode, promise: promise)
  }

  /// Gives everything: the channel is gone, and nobody will ask any more.
  private func flush(_ context: ChannelHandlerContext) {
    guard !held.isEmpty else { return }
    while let piece = held.popFirst() { context.fireChannelRead(wrapInboundOut(piece)) }
    context.fireChannelReadComplete()
  }

  /// Gives one piece each time that one is wanted, then the end.
  private func deliver(_ context: ChannelHandlerContext) {
    guard !isDelivering else { return }
    isDelivering = true
    defer { isDelivering = false }
    while isWanted, !held.isEmpty {
      isWanted = false
      context.fireChannelRead(wrapInboundOut(held.removeFirst()))
      context.fireChannelReadComplete()
    }
    if isWanted, held.isEmpty, hasEnded { context.close(promise: nil) }
  }
}
