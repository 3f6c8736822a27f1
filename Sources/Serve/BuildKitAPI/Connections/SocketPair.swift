// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import NIOCore
import NIOPosix

/// Two connected sockets, closed on exec: `near` is for the event loop, `far` for others.
struct SocketPair {
  let near: Int32
  let far: Int32

  init() throws(HullError) {
    let pair = try step("cannot make a pair of sockets") { () throws(SystemError) in try UnixSocket.pair() }
    (near, far) = (pair.first, pair.second)
  }

  /// Gives the near end to a loop; the far end is closed when that fails.
  func open(on loop: any EventLoop) async throws -> ByteStream {
    do { return try await Self.open(near, on: loop) } catch {
      Glibc.close(far)
      throw error
    }
  }

  /// Gives a socket to a loop, which owns it then.
  static func open(_ socket: Int32, on loop: any EventLoop) async throws -> ByteStream {
    try await ClientBootstrap(group: loop).withConnectedSocket(socket) { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
      }
    }
  }
}

typealias ByteStream = NIOAsyncChannel<ByteBuffer, ByteBuffer>
