// SPDX-License-Identifier: Apache-2.0
import CLinux
import NIOCore
import NIOHTTP1
import NIOPosix

/// What the front asks of the rest of the server, all of it without waiting.
struct FrontServices: Sendable {
  let answers: HotAnswers
  let access: AccessControl
  let log: AccessLog
  let threads: NIOThreadPool
  /// Whether files may be handed to the kernel: not under TLS.
  let sendsFiles: Bool
}

/// Answers reads of what is at hand on the event loop, between the HTTP decoder and everything else: no task, no encoder, files by
/// sendfile(2). Whatever is not at hand goes on to Hummingbird. Also ends connections on which nothing happens.
final class FrontHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Timeouts {
    /// Between requests, and for the head of one.
    static let idle = TimeAmount.seconds(75)
    /// Without a byte in either direction while a request is being answered.
    static let stalled = TimeAmount.minutes(10)
  }

  private let services: FrontServices
  /// Requests that went on and are not answered yet.
  private var forwarded = 0
  /// The rest of a request that was answered here is being dropped.
  private var dropping = false
  /// An answer is being sent: requests behind it wait.
  private var sending = false
  private var waiting = CircularBuffer<HTTPServerRequestPart>()
  private var readWanted = false
  private var quiesce: ChannelShouldQuiesceEvent?
  private var lastActivity = NIODeadline.now()
  private var timer: Scheduled<Void>?
  /// Behind this context lies the encoder: what is written here goes out as it is.
  private var beyondEncoder: ChannelHandlerContext?
  private var date = DateLine()
  private var peer = ""

  init(_ services: FrontServices) { self.services = services }

  func handlerAdded(context: ChannelHandlerContext) {
    beyondEncoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
    peer = context.channel.remoteAddress?.ipAddress ?? "unix"
    watch(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    beyondEncoder = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastActivity = .now()
    let part = unwrapInboundIn(data)
    if sending { waiting.append(part) } else { take(part, context) }
  }

  func read(context: ChannelHandlerContext) {
    if sending { readWanted = true } else { context.read() }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    lastActivity = .now()
    if case .end = unwrapOutboundIn(data) { forwarded -= 1 }
    context.write(data, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    lastActivity = .now()
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelShouldQuiesceEvent, sending {
      quiesce = event
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    waiting.removeAll()
    context.fireChannelInactive()
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      if forwarded == 0, let plan = plan(head) {
        dropping = true
        send(plan, context)
      } else {
        forwarded += 1
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" { sendContinue(context) }
        context.fireChannelRead(wrapInboundOut(part))
      }
    case .body:
      if !dropping { context.fireChannelRead(wrapInboundOut(part)) }
    case .end:
      if dropping { dropping = false } else { context.fireChannelRead(wrapInboundOut(part)) }
    }
  }

  /// What to send for a request, or nil when it is not for here.
  private func plan(_ head: HTTPRequestHead) -> HotPlan? {
    guard head.method == .GET || head.method == .HEAD, head.version == .http1_1, head.isKeepAlive,
      let answer = services.answers.find(head.uri), !head.headers.contains(name: "expect"), !head.headers.contains(name: "upgrade")
    else { return nil }
    if case .file(let file) = answer.body {
      // HEAD of a blob is a promise that somebody must note.
      guard head.method == .GET, services.sendsFiles, file.size > 0 else { return nil }
    }
    guard let user = services.access.readerAtOnce(head.headers.first(name: "authorization"), of: answer.repository) else { return nil }
    if head.method == .GET { services.answers.notePull(answer) }
    return HotPlan(answer, head, user: user)
  }

  private func send(_ plan: HotPlan, _ context: ChannelHandlerContext) {
    guard let out = beyondEncoder else { return context.close(promise: nil) }
    services.log.append(
      peer: peer, user: plan.user, method: plan.method, path: plan.path, status: plan.status, bytes: plan.length, nanoseconds: 0)
    var bytes = plan.head
    bytes.writeImmutableBuffer(date.current())
    bytes.writeStaticString("\r\n")
    switch plan.content {
    case .nothing:
      out.writeAndFlush(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
      waitUntilWritable(context)
    case .bytes(let body):
      bytes.writeImmutableBuffer(body)
      out.writeAndFlush(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
      waitUntilWritable(context)
    case .file(let file, let range):
      sending = true
      out.write(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
      sendFile(file, range, context)
    }
  }

  /// Lets nothing pile up behind a client that asks and does not read.
  private func waitUntilWritable(_ context: ChannelHandlerContext) {
    guard !context.channel.isWritable, let out = beyondEncoder else { return }
    sending = true
    let promise = context.eventLoop.makePromise(of: Void.self)
    out.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer())), promise: promise)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    promise.futureResult.whenComplete { _ in
      let (handler, context) = bound.value
      handler.resume(context)
    }
  }

  private func sendFile(_ file: HotFile, _ range: Range<Int64>, _ context: ChannelHandlerContext) {
    let sender = FileSender(file, range, threads: services.threads)
    guard let out = beyondEncoder, let sender else { return context.close(promise: nil) }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    sender.send(out) { sent in
      let (handler, context) = bound.value
      handler.lastActivity = .now()
      switch sent {
      case .piece: break
      case .all: handler.resume(context)
      case .failed: context.close(promise: nil)
      }
    }
  }

  /// Goes on with what waited while an answer was sent.
  private func resume(_ context: ChannelHandlerContext) {
    sending = false
    while !sending, let part = waiting.popFirst() { take(part, context) }
    guard !sending else { return }
    if let event = quiesce {
      quiesce = nil
      context.fireUserInboundEventTriggered(event)
    }
    if readWanted {
      readWanted = false
      context.read()
    }
  }

  private func sendContinue(_ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
  }

  private func watch(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: Timeouts.idle) {
      let (handler, context) = bound.value
      let quiet = NIODeadline.now() - handler.lastActivity
      let busy = handler.forwarded > 0 || handler.sending
      if quiet >= (busy ? Timeouts.stalled : Timeouts.idle) { context.close(promise: nil) } else { handler.watch(context) }
    }
  }
}
