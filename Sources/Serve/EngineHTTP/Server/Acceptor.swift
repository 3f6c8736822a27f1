// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import NIOCore
import Threads

/// Takes the connections of a listening socket and gives each to a loop, on a thread of its own: a connection changes threads once before it is read.
package final class Acceptor: Sendable {
  typealias Serve = @Sendable (Int32, any EventLoop) -> Void

  private let socket: Int32
  private let group: any EventLoopGroup
  private let serve: Serve
  private let ended = Promise<Void>()

  /// - Parameters:
  ///   - socket: listens, and blocks; it is closed with this.
  ///   - serve: called on the loop with a connection, which is its own from then on.
  init(_ socket: Int32, group: any EventLoopGroup, serve: @escaping Serve) {
    (self.socket, self.group, self.serve) = (socket, group, serve)
  }

  func start() {
    Task { [self] in
      try? await Blocking.stream { [self] in accept() }
      Glibc.close(socket)
      ended.fulfil(.success(()))
    }
  }

  /// Takes no more connections; those that are there go on.
  package func close() async {
    shutdown(socket, Int32(SHUT_RDWR))
    try? await ended.value()
  }

  /// Until the socket is shut down.
  private func accept() {
    while true {
      let connection = hull_accept(socket)
      guard connection >= 0 else {
        switch errno {
        case EBADF, EINVAL, ENOTSOCK: return
        case EINTR, ECONNABORTED: break
        // Descriptors or memory are used up: clients wait in the backlog until there are some again.
        default: usleep(20_000)
        }
        continue
      }
      let loop = group.next()
      loop.execute { [serve] in serve(connection, loop) }
    }
  }
}
