// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem
import ShimLoop

/// Waits for children, its own and those it inherits as subreaper, so that no zombie stays.
final class Reaper: ReadinessHandler {
  private let descriptor: Int32
  private let reaped: (_ pid: Int32, _ code: Int32) -> Void

  /// `SIGCHLD` must be blocked.
  init(loop: EventLoop, reaped: @escaping (_ pid: Int32, _ code: Int32) -> Void) throws(HullError) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGCHLD)
    descriptor = hull_signalfd(&signals)
    guard descriptor >= 0 else { throw HullError("cannot watch children", SystemError(errno, "signalfd")) }
    self.reaped = reaped
    loop.watch(descriptor, .readable, self)
  }

  func ready(_ events: Readiness) {
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      while case .moved = IO.read(descriptor, into: base, count: buffer.count) {}
    }
    while true {
      var status: Int32 = 0
      let pid = waitpid(-1, &status, WNOHANG)
      guard pid > 0 else { return }
      reaped(pid, Processes.exitCode(status))
    }
  }
}
