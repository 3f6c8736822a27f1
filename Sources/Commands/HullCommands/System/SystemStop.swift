// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull system stop`
enum SystemStop {
  static let command = Command(
    name: "stop", summary: "Stop hulld; running containers go on", usage: "[OPTIONS]",
    flags: { DaemonPlace.flags + [.int("timeout", "Seconds to wait until hulld has ended", initial: 30)] }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let place = try DaemonPlace(call)
    guard let pid = place.process() else {
      call.out.line("hulld is not running at \(place.endpoint.description)")
      return 0
    }
    guard kill(pid, SIGTERM) == 0 else {
      if errno == ESRCH { return 0 }
      throw HullError(.forbidden, "cannot stop hulld (pid \(pid)): \(errorText())")
    }
    let seconds = call.int("timeout")
    for _ in 0..<max(1, seconds * 100) {
      if kill(pid, 0) != 0 || isZombie(pid) {
        call.out.line("hulld (pid \(pid)) has stopped; containers that were running go on")
        return 0
      }
      usleep(10_000)
    }
    throw HullError(.unavailable, "hulld (pid \(pid)) has not stopped after \(seconds) s")
  }

  private static func isZombie(_ pid: pid_t) -> Bool { (Files.text("/proc/\(pid)/stat") ?? "").contains(") Z ") }
}
