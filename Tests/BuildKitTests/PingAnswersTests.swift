// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import BuildKitAPI

/// Keeps what comes through.
private final class Collector: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  let bytes = Mutex<[UInt8]>([])

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    bytes.withLock { $0 += buffer.readableBytesView }
  }
}

@Suite(.timeLimit(.minutes(1))) struct PingAnswersTests {
  private static func frame(_ type: UInt8, flags: UInt8 = 0, _ payload: [UInt8]) -> [UInt8] {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, 0] + payload
  }

  private static func ping(_ number: Int, flags: UInt8 = 0) -> [UInt8] {
    frame(6, flags: flags, [0, 0, 0, 0, 0, 0, UInt8(number >> 8), UInt8(number & 255)])
  }

  /// One byte at a time, in odd pieces, at once.
  @Test(arguments: [1, 7, 1 << 20]) func pingsAreAnsweredAndNothingElseIsTouched(piece: Int) async throws {
    let pair = try SocketPair()
    defer { close(pair.far) }
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton.next()).withConnectedSocket(pair.near).get()
    let collector = Collector()
    try await PingAnswers.add(to: channel, isServer: true).get()
    try await channel.pipeline.addHandler(collector).get()

    var sent = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    var rest = sent
    for number in 0..<300 {
      // Also with what looks like a ping in its data, and the answer to one of ours.
      let others = Self.frame(0, Self.ping(7)) + Self.ping(number, flags: 1) + Self.frame(0, [])
      sent += Self.ping(number) + others
      rest += others
    }
    sent += Self.ping(300)
    for start in stride(from: 0, to: sent.count, by: piece) {
      let bytes = Array(sent[start..<min(start + piece, sent.count)])
      #expect(write(pair.far, bytes, bytes.count) == bytes.count)
    }
    let wanted = (0...300).flatMap { Self.ping($0, flags: 1) }
    var answers: [UInt8] = []
    while answers.count < wanted.count {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(pair.far, &bytes, bytes.count)
      try #require(count > 0)
      answers += bytes[..<count]
    }
    #expect(answers == wanted)
    try await channel.close().get()
    #expect(collector.bytes.withLock { $0 } == rest)
  }
}
