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

  /// Listens on a bound socket, which is the server's from now on.
  /// - Returns: to be closed to stop accepting. Throws `internalError` when the socket cannot listen.
  package func listen(on descriptor: Int32) throws(HullError) -> Acceptor {
    guard Glibc.listen(descriptor, 4096) == 0 else {
      throw HullError(.internalError, "cannot listen: \(String(cString: strerror(errno)))")
    }
    let acceptor = Acceptor(descriptor, group: group) { [configuration] connection, loop in
      HTTPServer.serve(connection, on: loop, configuration)
    }
    acceptor.start()
    return acceptor
  }

  private static func serve(_ socket: Int32, on loop: any EventLoop, _ configuration: ServerConfiguration) {
    _ = ClientBootstrap(group: loop)
      .channelOption(.autoRead, value: false)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelOption(.writeBufferWaterMark, value: .init(low: 128 * 1024, high: 512 * 1024))
      .channelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 128 * 1024))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let connection = HTTPConnection(configuration, loop: channel.eventLoop, executor: LoopTaskExecutor(channel.eventLoop))
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .withConnectedSocket(socket)
  }
}
