// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import Launch
import LinuxSystem

/// What the shim was started with that it changes for itself but not for the workload.
struct ShimEnvironment {
  /// `RLIMIT_NOFILE` of asm-generic/resource.h.
  private static let openFiles: UInt32 = 7
  /// The shim is the last thing the kernel should kill for memory.
  private static let outOfMemoryScore = "-998"

  private let openFiles: Rlimit?
  private let outOfMemoryScore: Int32?

  /// Makes this process a supervisor: a session of its own, reaper of its descendants, deaf to signals, hard to kill, descriptors from 4 on
  /// closed (3 is the listener), as many descriptors as allowed.
  static func enter() -> ShimEnvironment {
    setsid()
    chdir("/")
    umask(0o022)
    var signals = sigset_t()
    sigfillset(&signals)
    sigprocmask(SIG_SETMASK, &signals, nil)
    try? Processes.control(ProcessOption.childSubreaper, 1)
    for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    _ = hull_close_range(4, UInt32.max, 0)
    _ = fcntl(3, F_SETFD, FD_CLOEXEC)
    return ShimEnvironment(openFiles: raiseOpenFiles(), outOfMemoryScore: lowerOutOfMemoryScore())
  }

  /// Gives the process what the shim had, unless the plan says otherwise.
  func complete(_ process: inout ProcessPlan) {
    if process.oomScoreAdj == nil { process.oomScoreAdj = outOfMemoryScore }
    if let openFiles, !process.rlimits.contains(where: { $0.resource == openFiles.resource }) { process.rlimits.append(openFiles) }
  }

  private static func raiseOpenFiles() -> Rlimit? {
    guard let limits = try? ResourceLimits.get(openFiles), limits.soft < limits.hard else { return nil }
    try? ResourceLimits.set(openFiles, soft: limits.hard, hard: limits.hard)
    return Rlimit(resource: openFiles, soft: limits.soft, hard: limits.hard, required: false)
  }

  private static func lowerOutOfMemoryScore() -> Int32? {
    let file = "/proc/self/oom_score_adj"
    guard let text = try? Files.readText(file), let score = Int32(text) else { return nil }
    do { try Files.write(outOfMemoryScore, to: file) } catch { return nil }
    return score
  }
}
