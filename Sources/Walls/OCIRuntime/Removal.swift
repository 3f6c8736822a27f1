// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem
import OCISpec

/// The end of a container.
enum Removal {
  /// Kills what is left, removes the control group and the files, and runs the poststop hooks.
  static func remove(_ container: Container, store: Store, log: Log) throws(HullError) {
    let hooks = try? container.hooks()
    killFirst(container)
    if let cgroup = container.record.cgroup { try Cgroups.remove(cgroup) }
    try store.removeDirectory(container.id)
    // The container is gone; a failing hook cannot bring it back (specification: log a warning and go on).
    if let hooks { container.run(hooks.poststop, of: hooks, pid: 0, .stopped, log: log) }
  }

  /// Takes back a container whose making failed.
  static func purge(_ container: Container, store: Store, log: Log) {
    killFirst(container)
    do throws(HullError) {
      if let cgroup = container.record.cgroup { try Cgroups.remove(cgroup) }
      try store.removeDirectory(container.id)
    } catch {
      log.warning("cleaning up: \(error)")
    }
  }

  /// Kills the first process and waits until it is gone, with everything in its pid namespace.
  private static func killFirst(_ container: Container) {
    guard let pid = container.livePid, let pidfd = try? Processes.pidfd(pid), container.livePid == pid else { return }
    try? Processes.signal(pidfd.number, SIGKILL)
    if container.record.paused, let cgroup = container.record.cgroup { try? Cgroups.thaw(cgroup) }
    _ = try? Descriptors.waitReadable(pidfd.number, milliseconds: 10_000)
  }
}
