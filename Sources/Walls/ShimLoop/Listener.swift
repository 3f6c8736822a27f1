// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// The socket the shim was given: every connection goes to `accepted`.
package final class Listener: ReadinessHandler {
  private let loop: EventLoop
  private var descriptor: Int32
  /// Given up for a moment when descriptors run out, to turn a caller away instead of spinning on one who cannot be let in.
  private var reserve: Int32
  private let accepted: (Int32) -> Void

  package init(_ descriptor: Int32, loop: EventLoop, accepted: @escaping (Int32) -> Void) {
    self.descriptor = descriptor
    self.loop = loop
    self.accepted = accepted
    reserve = Listener.openReserve()
    IO.setNonBlocking(descriptor)
    loop.watch(descriptor, .readable, self)
  }

  package func ready(_ events: Readiness) {
    for _ in 0..<64 where descriptor >= 0 {
      let socket = hull_accept(descriptor)
      if socket >= 0 {
        accepted(socket)
      } else if errno == EMFILE || errno == ENFILE {
        turnAway()
      } else if errno != EINTR && errno != ECONNABORTED {
        return
      }
    }
  }

  package func close() {
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    IO.close(descriptor)
    IO.close(reserve)
    descriptor = -1
    reserve = -1
  }

  private func turnAway() {
    IO.close(reserve)
    IO.close(hull_accept(descriptor))
    reserve = Listener.openReserve()
  }

  private static func openReserve() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
