// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import Threads

/// One client's connection: reads requests one at a time, runs each in a task on this loop, sends the answer.
///
/// Nothing is read from the socket that nobody has room for: `autoRead` is off and every phase says whether it wants more.
/// Bytes behind a request stay in `unread` until it is answered, so a hijacked connection starts with exactly what the client sent next.
///
/// `@unchecked Sendable`: all state is touched on `loop` only; tasks get here through `onLoop`.
final class HTTPConnection: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  enum Phase {
    /// Waiting for a request's head.
    case head
    case body(BodyDecoder)
    /// The request has been read; its answer is under way.
    case complete
    /// The connection no longer belongs to HTTP.
    case hijacking
    /// Answered for the last time; reading on a little, so that the client gets to see the answer.
    case lingering(discarded: Int)
    case closed
  }

  /// The request being served.
  struct Exchange {
    let serial: Int
    let head: RequestHead
    let body: BodyStream
    var task: Task<Void, Never>?
    var headSent = false
    var keepAlive: Bool
    var bodyKind = ResponseEncoder.BodyKind.none
    /// Goes out with the end of a stream.
    var lastPiece: ByteBuffer?
    /// Resumed when the rest of the body has been thrown away, or is not worth it.
    var drained: CheckedContinuation<Void, Never>?
    var drainedBytes = 0
  }

  let configuration: ServerConfiguration
  let loop: any EventLoop
  let executor: LoopTaskExecutor
  var encoder: ResponseEncoder
  var context: ChannelHandlerContext?
  var phase = Phase.head
  var exchange: Exchange?
  var unread = ByteBuffer()
  var inputClosed = false
  /// The head of a stream that has not sent anything yet.
  var pendingStreamHead: (HTTPResponseStatus, HTTPHeaders)?
  private var parser = HeadParser()
  private var serial = 0
  private var headTimer: Scheduled<Void>?

  init(_ configuration: ServerConfiguration, loop: any EventLoop, executor: LoopTaskExecutor) {
    self.configuration = configuration
    self.loop = loop
    self.executor = executor
    encoder = ResponseEncoder(commonHeaders: configuration.commonHeaders)
  }

  func onLoop(_ work: @escaping @Sendable () -> Void) {
    if loop.inEventLoop { work() } else { loop.execute(work) }
  }

  // MARK: events of the channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { readIfWanted() }
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    readIfWanted()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    switch phase {
    case .closed: return
    case .lingering(let discarded): linger(discarded + bytes.readableBytes)
    default:
      if unread.readableBytes == 0 { unread = bytes } else { unread.writeBuffer(&bytes) }
      advance()
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { readIfWanted() }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .some(.inputClosed) = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
    inputClosed = true
    switch phase {
    case .head, .lingering: close()
    case .body: bodyBrokeOff()
    case .complete, .hijacking, .closed: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    headTimer?.cancel()
    // What a client has said before it went away is for those whom the connection is being handed to.
    if case .hijacking = phase { passOnUnread(context) }
    phase = .closed
    unread = ByteBuffer()
    if let exchange {
      exchange.body.finish(ClientGone())
      exchange.drained?.resume()
      self.exchange?.drained = nil
      exchange.task?.cancel()
    }
    exchange = nil
    context.fireChannelInactive()
  }

  /// A broken connection; `channelInactive` follows.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    configuration.logger.debug("connection failed", metadata: ["error": "\(error)"])
    close()
  }

  // MARK: reading

  /// Asks the socket for more when the current phase has a use for it.
  func readIfWanted() {
    guard !inputClosed, let context else { return }
    let wanted =
      switch phase {
      case .head, .lingering: true
      case .body: exchange.map { $0.drained != nil || $0.body.hasRoom } ?? false
      // The next request may come early; and only a pending read notices that the client has gone.
      case .complete: unread.readableBytes < 64 * 1024
      case .hijacking, .closed: false
      }
    if wanted { context.read() }
  }

  /// Goes as far as the bytes in `unread` allow.
  func advance() {
    do throws(ProtocolError) {
      while try step() {}
    } catch {
      refuse(error)
    }
  }

  private func step() throws(ProtocolError) -> Bool {
    switch phase {
    case .head:
      if takesPreface() { return false }
      guard let head = try parser.parse(&unread) else {
        if inputClosed { close() } else { awaitHead() }
        return false
      }
      begin(head)
      return true
    case .body(var decoder):
      let next = try decoder.next(&unread)
      phase = .body(decoder)
      switch next {
      case .needsMore:
        if inputClosed { bodyBrokeOff() }
        return false
      case .data(let piece): deliver(piece)
      case .end:
        phase = .complete
        exchange?.body.finish()
        resumeDrained()
      }
      return true
    case .complete, .hijacking, .lingering, .closed: return false
    }
  }

  private func deliver(_ piece: ByteBuffer) {
    guard exchange?.drained != nil else {
      exchange?.body.append(piece)
      return
    }
    exchange?.drainedBytes += piece.readableBytes
    if exchange?.drainedBytes ?? 0 > configuration.drainLimit { resumeDrained() }
  }

  /// The client has said its last word in the middle of a body.
  private func bodyBrokeOff() {
    exchange?.body.finish(ClientGone())
    resumeDrained()
  }

  func resumeDrained() {
    exchange?.drained?.resume()
    exchange?.drained = nil
  }

  /// A part of a head has come: the rest has a deadline.
  func awaitHead() {
    guard unread.readableBytes > 0 else { return }
    guard headTimer == nil else { return }
    headTimer = loop.assumeIsolated().scheduleTask(in: configuration.headTimeout) { [self] in
      if case .head = phase { refuse(ProtocolError(.requestTimeout, "the request's header fields took too long")) }
    }
  }

  /// The head has come.
  func stopWaiting() {
    headTimer?.cancel()
    headTimer = nil
  }

  /// Nothing has been asked on the connection yet.
  var isFresh: Bool { serial == 0 }

  private func begin(_ head: RequestHead) {
    stopWaiting()
    serial += 1
    let serial = serial
    let expectsContinue = head.expectsContinue
    let body = BodyStream(framing: head.framing) { [weak self] first in
      guard let self else { return }
      onLoop { self.bodyDemanded(sendContinue: first && expectsContinue) }
    }
    phase = head.framing == .none ? .complete : .body(BodyDecoder(head.framing))
    exchange = Exchange(serial: serial, head: head, body: body, keepAlive: head.keepAlive)
    let request = Request(head: head, body: body, loop: loop)
    exchange?.task = Task(executorPreference: executor) { [self] in await serve(request, serial: serial) }
  }

  private func bodyDemanded(sendContinue: Bool) {
    guard case .body = phase else { return }
    if sendContinue, let context, exchange?.headSent == false {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
    readIfWanted()
  }

  /// A request that cannot be understood: one answer, and the connection ends.
  private func refuse(_ error: ProtocolError) {
    if let exchange {
      // In the middle of a body: the handler decides what to answer.
      unread.clear()
      phase = .closed
      self.exchange?.keepAlive = false
      exchange.body.finish(error)
      resumeDrained()
      return
    }
    guard let context else { return }
    let answer = configuration.errorResponse(error)
    var bytes = ByteBuffer()
    encoder.head(
      status: answer.status, headers: answer.headers, body: .length(answer.body.readableBytes), keepAlive: false, into: &bytes)
    bytes.writeImmutableBuffer(answer.body)
    phase = .lingering(discarded: 0)
    context.writeAndFlush(wrapOutboundOut(bytes)).assumeIsolated().whenComplete { [self] _ in startLingering() }
  }

  // MARK: the end

  func startLingering() {
    guard let context, context.channel.isActive else { return }
    unread.clear()
    guard !inputClosed else { return close() }
    phase = .lingering(discarded: 0)
    context.close(mode: .output, promise: nil)
    loop.assumeIsolated().scheduleTask(in: configuration.lingerTimeout) { [self] in close() }
    readIfWanted()
  }

  private func linger(_ discarded: Int) {
    phase = .lingering(discarded: discarded)
    if discarded > configuration.lingerLimit { close() }
  }

  func close() { context?.close(promise: nil) }
}
