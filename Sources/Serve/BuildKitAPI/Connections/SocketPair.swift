// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import NIOCore
import NIOPosix

/// Two connected sockets, closed on exec: `near` is for the event loop, `far` for others.
struct SocketPair {
  let near: Int32
  let far: Int32

  init() throws(HullError) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw HullError(.internalError, "cannot make a pair of sockets: \(String(cString: strerror(errno)))")
    }
    (near, far) = (ends[0], ends[1])
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
