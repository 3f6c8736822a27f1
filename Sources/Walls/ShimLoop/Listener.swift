// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// A listening socket, such as the one the shim was given: every connection goes to `accepted`.
package final class Listener: ReadinessHandler {
  private let loop: EventLoop
  private var descriptor: Int32
  private let accepted: (Int32) -> Void

  package init(_ descriptor: Int32, loop: EventLoop, accepted: @escaping (Int32) -> Void) {
    self.descriptor = descriptor
    self.loop = loop
    self.accepted = accepted
    IO.setNonBlocking(descriptor)
    loop.watch(descriptor, .readable, self)
  }

  package func ready(_ events: Readiness) {
    for _ in 0..<64 where descriptor >= 0 {
      let socket = hull_accept(descriptor)
      if socket >= 0 {
        accepted(socket)
      } else if errno == EMFILE || errno == ENFILE {
        loop.reserve.turnAway(at: descriptor)
      } else if errno != EINTR && errno != ECONNABORTED {
        return
      }
    }
  }

  package func close() {
    guard descriptor >= 0 else { return }
    loop.remove(descriptor)
    IO.close(descriptor)
    descriptor = -1
  }
}

/// Given up for a moment when descriptors run out, to turn a caller away instead of spinning on one who cannot be let in.
final class ReserveDescriptor {
  private var descriptor = ReserveDescriptor.open()

  deinit { IO.close(descriptor) }

  func turnAway(at listener: Int32) {
    IO.close(descriptor)
    IO.close(hull_accept(listener))
    descriptor = ReserveDescriptor.open()
  }

  private static func open() -> Int32 { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
