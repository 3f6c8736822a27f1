// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix

/// Joins a client's handed-over connection and another socket: what comes from one goes to the other, in both directions, each at the pace of
/// its reader, and each end of input on its own.
enum Glue {
  /// Sees the client's bytes before they are passed on.
  typealias InputFilter = (ByteBuffer) -> (pass: ByteBuffer, stop: Bool)

  /// Called on the client's loop. Takes over the connected socket `descriptor`. `onStop` is called when the filter has said so; both connections
  /// are closed then.
  static func join(
    _ client: any Channel, to descriptor: Int32, filter: NIOLoopBound<InputFilter?>, onStop: @escaping @Sendable () -> Void
  ) -> EventLoopFuture<Void> {
    let loop = client.eventLoop
    // At once: a client that goes away now has perhaps said something before.
    let near = GlueHandler(filter: filter.value, onStop: onStop)
    do { try client.pipeline.syncOperations.addHandler(near) } catch {
      close(descriptor)
      return loop.makeFailedFuture(error)
    }
    let waiting = NIOLoopBound(near, eventLoop: loop)
    // The other socket is opened only then: one that its peer has closed already is read to its end, whoever asked for it.
    return HeadDelivery.taken(from: client)
      .flatMap {
        ClientBootstrap(group: loop)
          .channelOption(.autoRead, value: false)
          .channelOption(.allowRemoteHalfClosure, value: true)
          .withConnectedSocket(descriptor)
      }
      .flatMapThrowing { other in
        let near = waiting.value
        let far = GlueHandler(filter: nil, onStop: {})
        far.partner = near
        do { try other.pipeline.syncOperations.addHandler(far) } catch {
          other.close(promise: nil)
          throw error
        }
        near.begin(with: far)
        near.readOn()
        far.readOn()
      }
  }
}

/// One of the two ends. Both live on the same loop.
private final class GlueHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How long a workload has for taking the last input of a client that is gone.
  private static let lastInputTimeout = TimeAmount.seconds(10)

  var partner: GlueHandler?
  private var context: ChannelHandlerContext?
  private let filter: Glue.InputFilter?
  private let onStop: () -> Void
  /// Waits until the partner has room.
  private var readDue = false
  private var stopped = false
  /// What has come, and what has ended, before there was a partner.
  private var early = Early()

  private struct Early {
    var input: [ByteBuffer] = []
    var inputIsClosed = false
    var isGone = false
  }

  init(filter: Glue.InputFilter?, onStop: @escaping () -> Void) {
    self.filter = filter
    self.onStop = onStop
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    partner = nil
  }

  /// Passes on what has come until now.
  func begin(with partner: GlueHandler) {
    self.partner = partner
    for bytes in early.input { partner.pass(bytes) }
    partner.context?.flush()
    if early.isGone || stopped {
      partner.finish(timeout: Self.lastInputTimeout)
    } else if early.inputIsClosed {
      partner.closeOutput()
    }
    early = Early()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !stopped else { return }
    var bytes = unwrapInboundIn(data)
    if let filter {
      (bytes, stopped) = filter(bytes)
    }
    if let partner { partner.pass(bytes) } else { early.input.append(bytes) }
    guard stopped else { return }
    onStop()
    partner?.finish(timeout: Self.lastInputTimeout)
    finish(timeout: Self.lastInputTimeout)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    partner?.context?.flush()
    readOn()
  }

  /// Reads on when the partner can take it, otherwise later.
  func readOn() {
    guard let context, let other = partner?.context else { return }
    readDue = !other.channel.isWritable
    if !readDue { context.read() }
  }

  private func pass(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, partner?.readDue == true { partner?.readOn() }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      early.inputIsClosed = true
      partner?.closeOutput()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    early.isGone = true
    partner?.finish(timeout: filter == nil ? nil : Self.lastInputTimeout)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Closing the output of a peer that has gone fails harmlessly; everything else ends in channelInactive.
    if case .some(.outputClosed) = error as? ChannelError { return }
    context.close(promise: nil)
  }

  /// No more input for this end, after what is still to be written.
  private func closeOutput() {
    guard let context else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
  }

  /// Closes this end after what is still to be written, or after `timeout`.
  private func finish(timeout: TimeAmount?) {
    guard let context, context.channel.isActive else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    if let timeout { context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { context.close(promise: nil) } }
  }
}
