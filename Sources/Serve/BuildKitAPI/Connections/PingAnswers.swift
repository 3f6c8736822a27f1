// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Answers the pings of an HTTP/2 connection (RFC 9113, 6.7) before its other handlers see them.
///
/// Go's gRPC pings after what it receives, to learn how fast the connection is: hundreds of times in a minute while files are transferred. The handlers
/// behind this one take more than 200 in half a minute for an attack, and end the connection.
final class PingAnswers: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let headerLength = 9
  private static let pingType: UInt8 = 6
  private static let answerFlag: UInt8 = 1
  private static let pingLength = 8
  /// What a client sends before its first frame (RFC 9113, 3.4).
  private static let prefaceLength = 24

  /// Bytes until the next frame begins.
  private var passing: Int
  /// A frame's header, or a ping, that has not come whole.
  private var held: ByteBuffer?

  /// - Parameter isServer: the peer is a client: its preface comes first.
  init(isServer: Bool) { passing = isServer ? Self.prefaceLength : 0 }

  /// Adds one behind the handlers that are there.
  static func add(to channel: any Channel, isServer: Bool) -> EventLoopFuture<Void> {
    channel.eventLoop.submit { try channel.pipeline.syncOperations.addHandler(PingAnswers(isServer: isServer)) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if var held {
      held.writeBuffer(&buffer)
      (buffer, self.held) = (held, nil)
    }
    var answers: ByteBuffer?
    while buffer.readableBytes > 0 {
      let known = frames(buffer)
      if known.bytes > 0, let frames = buffer.readSlice(length: known.bytes) { context.fireChannelRead(wrapInboundOut(frames)) }
      guard known.endsInPing, let answer = Self.answer(&buffer) else { break }
      answers.setOrWriteImmutableBuffer(answer)
    }
    if buffer.readableBytes > 0 { held = buffer }
    if let answers { context.writeAndFlush(wrapOutboundOut(answers), promise: nil) }
  }

  /// How many bytes are of frames that are no pings, and whether a ping follows them.
  private func frames(_ buffer: ByteBuffer) -> (bytes: Int, endsInPing: Bool) {
    var taken = 0
    while true {
      let part = min(passing, buffer.readableBytes - taken)
      (taken, passing) = (taken + part, passing - part)
      guard passing == 0, buffer.readableBytes - taken >= Self.headerLength else { return (taken, false) }
      let header = buffer.readerIndex + taken
      let length = Self.length(buffer, at: header)
      if Self.isPing(buffer, at: header), length == Self.pingLength { return (taken, true) }
      passing = Self.headerLength + length
    }
  }

  private static func length(_ buffer: ByteBuffer, at index: Int) -> Int { Int(buffer.getInteger(at: index, as: UInt32.self) ?? 0) >> 8 }

  private static func isPing(_ buffer: ByteBuffer, at index: Int) -> Bool {
    buffer.getInteger(at: index + 3, as: UInt8.self) == pingType && (buffer.getInteger(at: index + 4, as: UInt8.self) ?? 0) & answerFlag == 0
  }

  /// Takes a ping, once it is whole, and gives the answer: the same with its flag set.
  private static func answer(_ buffer: inout ByteBuffer) -> ByteBuffer? {
    guard var ping = buffer.readSlice(length: headerLength + pingLength) else { return nil }
    ping.setInteger(answerFlag, at: ping.readerIndex + 4)
    return ping
  }
}
