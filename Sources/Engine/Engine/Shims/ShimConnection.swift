// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import NIOCore
import NIOPosix
import ShimProtocol

/// The daemon's control connection to one shim: requests with their answers, and events.
final class ShimConnection: Sendable {
  /// In the order in which they happened; ends when the connection does.
  let events: AsyncStream<ShimEvent>
  private let channel: any Channel
  private let handler: NIOLoopBound<ShimHandler>

  private init(channel: any Channel, handler: NIOLoopBound<ShimHandler>, events: AsyncStream<ShimEvent>) {
    self.channel = channel
    self.handler = handler
    self.events = events
  }

  /// Takes over a connected socket.
  static func open(_ descriptor: Int32) async throws -> ShimConnection {
    let (events, sink) = AsyncStream.makeStream(of: ShimEvent.self)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let handler = try await loop.submit { NIOLoopBound(ShimHandler(events: sink), eventLoop: loop) }.get()
    let channel = try await ClientBootstrap(group: loop)
      .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) } }
      .withConnectedSocket(descriptor).get()
    return ShimConnection(channel: channel, handler: handler, events: events)
  }

  /// Sends a request. Throws what the shim answers with `failed`, or `unavailable` when the shim goes without an answer.
  @discardableResult
  func call(_ request: ShimRequest) async throws -> ShimReply {
    let reply = try await channel.eventLoop.flatSubmit { [channel, handler] in handler.value.send(request, on: channel) }.get()
    if let error = reply.error { throw error }
    return reply
  }

  /// From now on there are events; gives how things are at the instant before the first.
  func subscribe() async throws -> ShimStatus { try await status(.subscribe) }

  func status() async throws -> ShimStatus { try await status(.status) }

  private func status(_ request: ShimRequest) async throws -> ShimStatus {
    guard case .status(let status) = try await call(request) else { throw ShimConnection.unexpected }
    return status
  }

  /// Gives the first process's pid and the launcher's warnings.
  func launch(_ request: LaunchRequest) async throws -> (pid: Int32, warnings: [String]) { try await start(.launch(request)) }

  func exec(_ request: ExecRequest) async throws -> (pid: Int32, warnings: [String]) { try await start(.exec(request)) }

  private func start(_ request: ShimRequest) async throws -> (pid: Int32, warnings: [String]) {
    guard case .started(let pid, let warnings) = try await call(request) else { throw ShimConnection.unexpected }
    return (pid, warnings)
  }

  func stats() async throws -> CgroupStats {
    guard case .stats(let stats) = try await call(.stats) else { throw ShimConnection.unexpected }
    return stats
  }

  func processes() async throws -> [Int32] {
    guard case .processes(let pids) = try await call(.processes) else { throw ShimConnection.unexpected }
    return pids
  }

  /// Closes the connection; the workload and its shim go on.
  func close() async { try? await channel.close().get() }

  private static let unexpected = HullError(.internalError, "the shim's answer does not fit the request")
}

/// Cuts the stream into frames and gives answers to those who wait for them. On the event loop only.
private final class ShimHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var decoder = FrameDecoder()
  private var pending: [UInt32: EventLoopPromise<ShimReply>] = [:]
  private var lastTag: UInt32 = 0
  private var closed = false
  private let events: AsyncStream<ShimEvent>.Continuation

  init(events: AsyncStream<ShimEvent>.Continuation) { self.events = events }

  func send(_ request: ShimRequest, on channel: any Channel) -> EventLoopFuture<ShimReply> {
    let promise = channel.eventLoop.makePromise(of: ShimReply.self)
    guard !closed else {
      promise.fail(ShimHandler.gone)
      return promise.futureResult
    }
    repeat { lastTag &+= 1 } while lastTag == 0 || pending[lastTag] != nil
    do {
      let bytes = try request.frame(tag: lastTag).encoded()
      pending[lastTag] = promise
      channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    } catch {
      promise.fail(error)
    }
    return promise.futureResult
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    unwrapInboundIn(data).withUnsafeReadableBytes { decoder.append($0) }
    do {
      while let frame = try decoder.next() { try take(frame) }
    } catch {
      context.close(promise: nil)
    }
  }

  private func take(_ frame: Frame) throws(HullError) {
    if frame.tag == 0 {
      if let event = try ShimEvent(frame: frame) { events.yield(event) }
    } else if let promise = pending.removeValue(forKey: frame.tag) {
      if let reply = try ShimReply(frame: frame) {
        promise.succeed(reply)
      } else {
        promise.fail(HullError(.internalError, "the shim's answer of type \(frame.type) is not understood"))
      }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    closed = true
    for promise in pending.values { promise.fail(ShimHandler.gone) }
    pending = [:]
    events.finish()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private static let gone = HullError(.unavailable, "the shim has closed the connection")
}
