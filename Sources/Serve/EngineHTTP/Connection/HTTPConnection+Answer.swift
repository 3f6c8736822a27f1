// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// Sending answers.
extension HTTPConnection {
  /// The request's task.
  func serve(_ request: Request, serial: Int) async {
    let response: Response
    do {
      response = try await configuration.responder(request)
    } catch {
      response = .full(configuration.errorResponse(error))
    }
    switch response {
    case .full(let full):
      await drain(serial)
      onLoop { [self] in send(full, serial: serial) }
    // The body may still be read while the answer is made.
    case .stream(let stream): await send(stream, request, serial: serial)
    case .hijack(let hijack):
      await drain(serial)
      onLoop { [self] in handOver(hijack, serial: serial) }
    }
  }

  /// Reads what is left of a small body that the handler did not want, so that the connection can go on.
  private func drain(_ serial: Int) async {
    await withCheckedContinuation { continuation in
      onLoop { [self] in
        guard let exchange, exchange.serial == serial, case .body = phase, !inputClosed, worthDraining(exchange) else {
          return continuation.resume()
        }
        self.exchange?.drained = continuation
        loop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { [self] in
          if self.exchange?.serial == serial { resumeDrained() }
        }
        readIfWanted()
      }
    }
  }

  private func worthDraining(_ exchange: Exchange) -> Bool {
    guard !exchange.head.expectsContinue else { return false }
    return exchange.body.declaredLength.map { $0 <= UInt64(configuration.drainLimit) } ?? true
  }

  // MARK: complete answers

  private func send(_ full: FullResponse, serial: Int) {
    guard let context, let exchange, exchange.serial == serial else { return }
    settleKeepAlive()
    var headers = full.headers
    let length = full.body.readableBytes
    let bodyless = full.status == .noContent || full.status == .notModified
    if bodyless { headers.remove(name: "content-type") }
    var bytes = context.channel.allocator.buffer(capacity: 512 + (length <= 16 * 1024 ? length : 0))
    encoder.head(
      status: full.status, headers: headers, body: bodyless ? .none : .length(length), keepAlive: self.exchange?.keepAlive ?? false, into: &bytes)
    self.exchange?.headSent = true
    if bodyless || exchange.head.method == "HEAD" {
      finish(after: context.writeAndFlush(wrapOutboundOut(bytes)), serial: serial)
    } else if length <= 16 * 1024 {
      bytes.writeImmutableBuffer(full.body)
      finish(after: context.writeAndFlush(wrapOutboundOut(bytes)), serial: serial)
    } else {
      context.write(wrapOutboundOut(bytes), promise: nil)
      finish(after: context.writeAndFlush(wrapOutboundOut(full.body)), serial: serial)
    }
  }

  /// A request that has not been read to its end leaves a connection that cannot be used again.
  private func settleKeepAlive() {
    switch phase {
    case .complete: if inputClosed && unread.readableBytes == 0 { exchange?.keepAlive = false }
    default: exchange?.keepAlive = false
    }
  }

  private func finish(after sent: EventLoopFuture<Void>, serial: Int) {
    sent.assumeIsolated().whenComplete { [self] result in
      guard let exchange, exchange.serial == serial else { return }
      self.exchange = nil
      guard case .success = result else { return close() }
      guard exchange.keepAlive else { return startLingering() }
      phase = .head
      advance()
      readIfWanted()
    }
  }

  // MARK: streams

  private func send(_ stream: StreamResponse, _ request: Request, serial: Int) async {
    onLoop { [self] in
      if exchange?.serial == serial { pendingStreamHead = (stream.status, stream.headers) }
    }
    do {
      if request.head.method != "HEAD" { try await stream.produce(ResponseWriter(connection: self, serial: serial)) }
      onLoop { [self] in finishStream(serial) }
    } catch {
      onLoop { [self] in breakStream(error, serial) }
    }
  }

  /// Sends a piece (`nil`: only the head) and returns when it is with the kernel.
  func write(_ piece: ByteBuffer?, serial: Int) async throws {
    try Task.checkCancellation()
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      onLoop { [self] in
        guard let context, let exchange, exchange.serial == serial, context.channel.isActive else {
          return continuation.resume(throwing: ClientGone())
        }
        writeHeadIfNeeded(context)
        if let piece { writePiece(piece, context) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { result in
          continuation.resume(with: result.mapError { _ in ClientGone() })
        }
      }
    }
  }

  /// Keeps a piece for the end of the stream.
  func end(with piece: ByteBuffer, serial: Int) {
    onLoop { [self] in if exchange?.serial == serial { exchange?.lastPiece = piece } }
  }

  private func writeHeadIfNeeded(_ context: ChannelHandlerContext) {
    guard let (status, headers) = pendingStreamHead else { return }
    pendingStreamHead = nil
    settleKeepAlive()
    let chunked = exchange?.head.minorVersion == 1
    if !chunked { exchange?.keepAlive = false }
    exchange?.bodyKind = chunked ? .chunked : .untilClose
    exchange?.headSent = true
    var bytes = context.channel.allocator.buffer(capacity: 512)
    encoder.head(
      status: status, headers: headers, body: chunked ? .chunked : .untilClose, keepAlive: exchange?.keepAlive ?? false, into: &bytes)
    context.write(wrapOutboundOut(bytes), promise: nil)
  }

  private func writePiece(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
    guard exchange?.bodyKind == .chunked else { return context.write(wrapOutboundOut(piece), promise: nil) }
    let size = String(piece.readableBytes, radix: 16)
    if piece.readableBytes <= 4096 {
      var framed = context.channel.allocator.buffer(capacity: piece.readableBytes + 16)
      framed.writeString("\(size)\r\n")
      framed.writeImmutableBuffer(piece)
      framed.writeString("\r\n")
      context.write(wrapOutboundOut(framed), promise: nil)
    } else {
      context.write(wrapOutboundOut(ByteBuffer(string: "\(size)\r\n")), promise: nil)
      context.write(wrapOutboundOut(piece), promise: nil)
      context.write(wrapOutboundOut(ByteBuffer(string: "\r\n")), promise: nil)
    }
  }

  private func finishStream(_ serial: Int) {
    guard let context, let exchange, exchange.serial == serial else { return }
    if exchange.head.method == "HEAD" { self.exchange?.keepAlive = false }
    writeHeadIfNeeded(context)
    if let piece = exchange.lastPiece { writePiece(piece, context) }
    let end = self.exchange?.bodyKind == .chunked && exchange.head.method != "HEAD" ? "0\r\n\r\n" : ""
    finish(after: context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: end))), serial: serial)
  }

  private func breakStream(_ error: any Error, _ serial: Int) {
    guard let exchange, exchange.serial == serial else { return }
    if exchange.headSent {
      configuration.logger.debug("answer broken off", metadata: ["target": "\(exchange.head.target)", "error": "\(error)"])
      self.exchange = nil
      close()
    } else {
      pendingStreamHead = nil
      send(configuration.errorResponse(error), serial: serial)
    }
  }

  // MARK: hijacked connections

  private func handOver(_ hijack: Hijack, serial: Int) {
    guard let context, let exchange, exchange.serial == serial, context.channel.isActive else { return hijack.abandon() }
    guard case .complete = phase else {
      hijack.abandon()
      let refusal = ProtocolError(.badRequest, "the request's body must end before the connection is handed over")
      return send(configuration.errorResponse(refusal), serial: serial)
    }
    phase = .hijacking
    self.exchange = nil
    var bytes = ByteBuffer()
    encoder.hijackHead(hijack, upgraded: exchange.head.upgrade != nil, into: &bytes)
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    hijack.install(context.channel).hop(to: loop).assumeIsolated().whenComplete { [self] result in
      guard case .success = result else { return close() }
      leavePipeline()
    }
  }

  /// Hands what has arrived meanwhile to the handlers behind, then leaves.
  func leavePipeline() {
    guard let context else { return }
    passOnUnread(context)
    if inputClosed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }

  /// Gives what has arrived behind the request to the handlers behind this one.
  func passOnUnread(_ context: ChannelHandlerContext) {
    guard unread.readableBytes > 0 else { return }
    context.fireChannelRead(wrapInboundOut(unread))
    context.fireChannelReadComplete()
    unread = ByteBuffer()
  }
}
