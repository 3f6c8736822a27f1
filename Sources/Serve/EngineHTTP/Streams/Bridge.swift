// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import NIOCore
import NIOPosix
import Threads

/// Joins byte streams of the event loop and code that blocks on a descriptor. A pair of sockets lies between (a pipe would do; its creation with
/// close-on-exec is not in reach of this floor), and the kernel's buffer in it is the only one.
enum Bridge {
  /// Lets `work` read a body from a descriptor. Ends when `work` ends, whether or not it wanted all of the body.
  /// - Parameter beginning: of the body, what was taken from it before.
  static func feed<Result: Sendable>(
    _ body: BodyStream, after beginning: [ByteBuffer] = [], on loop: any EventLoop, to work: @escaping @Sendable (Int32) async throws -> Result
  ) async throws -> Result {
    let pair = try SocketPair()
    let channel = try await pair.open(on: loop) { $0 }
    // A byte that is never read turns the closing of the near end into a "connection reset" at the far one:
    // a body that broke off cannot be taken for one that ended.
    _ = write(pair.far, "x", 1)
    let pump = Task(executorPreference: LoopTaskExecutor(loop)) {
      do {
        for piece in beginning { channel.write(piece, promise: nil) }
        try await channel.writeAndFlush(ByteBuffer())
        while let piece = try await body.next() {
          for piece in [piece] + body.ready() { channel.write(piece, promise: nil) }
          try await channel.writeAndFlush(ByteBuffer())
        }
        try await channel.close(mode: .output)
      } catch {
        channel.close(promise: nil)
        throw error
      }
    }
    return try await withTaskCancellationHandler {
      let outcome: Swift.Result<Result, any Error>
      do { outcome = .success(try await work(pair.far)) } catch { outcome = .failure(error) }
      // A pump that still writes gets EPIPE, one that waits for the client is cancelled.
      close(pair.far)
      pump.cancel()
      let pumped = await pump.result
      channel.close(promise: nil)
      if case .failure(let error as ProtocolError) = pumped { throw error }
      return try outcome.get()
    } onCancel: {
      pump.cancel()
    }
  }

  /// Sends what `work` writes to a descriptor. An error of `work` before its first byte is thrown before anything is sent.
  static func send(
    to writer: ResponseWriter, on loop: any EventLoop, from work: @escaping @Sendable (Int32) async throws -> Void
  ) async throws {
    let pair = try SocketPair()
    let reader = StreamReader()
    let channel = try await pair.open(on: loop) {
      $0.channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 128 * 1024))
        .channelInitializer { $0.pipeline.addHandler(reader) }
    }
    let producer = Task {
      defer { close(pair.far) }
      try await work(pair.far)
    }
    do {
      for try await piece in reader.stream { try await writer.write(piece) }
    } catch {
      // The producer gets EPIPE.
      channel.close(promise: nil)
      producer.cancel()
      _ = await producer.result
      throw error
    }
    channel.close(promise: nil)
    try await producer.value
  }
}

/// Two connected sockets: `near` for the event loop, `far` for the code that blocks.
private struct SocketPair {
  let near: Int32
  let far: Int32

  init() throws(HullError) {
    let pair = try step("cannot make a pair of sockets") { () throws(SystemError) in try UnixSocket.pair() }
    (near, far) = (pair.first, pair.second)
  }

  /// Gives the near end to the loop; reading is up to the handlers.
  func open(on loop: any EventLoop, configure: (ClientBootstrap) -> ClientBootstrap) async throws -> any Channel {
    do {
      return try await configure(ClientBootstrap(group: loop).channelOption(.autoRead, value: false)).withConnectedSocket(near).get()
    } catch {
      close(far)
      throw error
    }
  }
}

/// Hands a socket's bytes to a `BodyStream`, reading only while that has room.
///
/// `@unchecked Sendable`: the context is touched on the channel's loop only.
private final class StreamReader: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  private(set) var stream: BodyStream!
  private var context: ChannelHandlerContext?

  init() {
    stream = BodyStream(framing: .chunked) { [weak self] _ in
      guard let self, let loop = context?.eventLoop else { return }
      if loop.inEventLoop { readOn() } else { loop.execute { self.readOn() } }
    }
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
  func channelRead(context: ChannelHandlerContext, data: NIOAny) { stream.append(unwrapInboundIn(data)) }
  func channelReadComplete(context: ChannelHandlerContext) { readOn() }
  func channelInactive(context: ChannelHandlerContext) { stream.finish() }

  private func readOn() {
    if stream.hasRoom { context?.read() }
  }
}
