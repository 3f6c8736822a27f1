// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import NIOCore
import NIOPosix
import Threads

/// Accepts connections and puts an `HTTPConnection` on each.
package final class HTTPServer: Sendable {
  private let group: any EventLoopGroup
  private let configuration: ServerConfiguration

  package init(_ configuration: ServerConfiguration, group: any EventLoopGroup) {
    self.configuration = configuration
    self.group = group
    signal(SIGPIPE, SIG_IGN)
  }

  /// Listens on a bound socket, which is the server's from now on. Close the returned channel to stop accepting.
  package func listen(on descriptor: Int32) async throws -> any Channel {
    let configuration = configuration
    let channel = try await ServerBootstrap(group: group)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 128 * 1024, high: 512 * 1024))
      .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 128 * 1024))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let connection = HTTPConnection(configuration, loop: channel.eventLoop, executor: LoopTaskExecutor(channel.eventLoop))
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .withBoundSocket(descriptor).get()
    // For a socket that was bound elsewhere NIO listens with a backlog of 128; a second call changes that.
    guard Glibc.listen(descriptor, 4096) == 0 else {
      throw HullError(.internalError, "cannot listen: \(String(cString: strerror(errno)))")
    }
    return channel
  }
}
