// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import ShimProtocol

extension Supervisor {
  /// How long processes that were killed may take to go.
  private static let killMilliseconds: Int64 = 2000

  /// A child has ended: one of ours, or one that its parent left behind.
  func reaped(_ pid: Int32, code: Int32) {
    let time = Timestamp.now()
    if pid == first.pid, first.phase == .running {
      killTheRest()
      first.exited(ProcessExit(code: code, time: time, oomKilled: outOfMemoryKills > 0))
    } else if let exec = execs.values.first(where: { $0.pid == pid && $0.phase == .running }) {
      exec.exited(ProcessExit(code: code, time: time, oomKilled: code == 128 + SIGKILL && outOfMemoryKills > 0))
    }
  }

  /// When the first process ends, all do. (With a pid namespace of its own the kernel has seen to most of it.)
  private func killTheRest() {
    if let cgroupPath {
      if paused { try? Cgroups.thaw(cgroupPath) }
      try? Cgroups.signal(SIGKILL, to: cgroupPath)
    }
    paused = false
    for exec in execs.values where exec.phase == .running { kill(exec.pid, SIGKILL) }
    for exec in execs.values where exec.phase == .expected { exec.end() }
  }

  private var outOfMemoryKills: UInt64 { cgroupPath.map { Cgroups.oomKills($0) } ?? 0 }

  func processDrained(_ process: ManagedProcess) {
    if process === first {
      // Execs whose end is still to come were killed; one that cannot even die must not hold up the news for ever.
      loop.after(milliseconds: Supervisor.killMilliseconds) { [unowned self] in conclude() }
    } else {
      execEnded(process)
    }
    if first.phase == .draining, first.isDrained, !execs.values.contains(where: { $0.phase == .running || $0.phase == .draining }) { conclude() }
  }

  private func execEnded(_ process: ManagedProcess) {
    guard let exit = process.exit else { return }
    execs[process.name] = nil
    endedExecs.append(ExecStatus(id: process.name, pid: process.pid, exit: exit))
    if endedExecs.count > ShimProtocol.rememberedExecs { endedExecs.removeFirst() }
    notify(.exited(process: process.name, exit: exit))
    process.end()
  }

  /// The workload has ended and nothing more can come from it.
  private func conclude() {
    guard exit == nil, let exit = first.exit else { return }
    if let cgroupPath { try? Cgroups.remove(cgroupPath) }
    network?.close()
    network = nil
    runtime?.ended()
    log?.closeFile()
    log = nil
    RunDirectory(options.runDirectory).writeExitRecord(exit)
    self.exit = exit
    notify(.exited(process: "", exit: exit))
    first.end()
    for exec in execs.values { exec.end() }
  }
}
