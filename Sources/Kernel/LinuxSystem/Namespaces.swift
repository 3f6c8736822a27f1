// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// `CLONE_NEW*`, for clone3, unshare and setns.
package enum NamespaceFlag {
  package static let time: UInt64 = 0x80
  package static let mount: UInt64 = 0x2_0000
  package static let cgroup: UInt64 = 0x200_0000
  package static let uts: UInt64 = 0x400_0000
  package static let ipc: UInt64 = 0x800_0000
  package static let user: UInt64 = 0x1000_0000
  package static let pid: UInt64 = 0x2000_0000
  package static let network: UInt64 = 0x4000_0000
  /// Not a namespace: the new process becomes a child of the caller's parent.
  package static let siblingOfCaller: UInt64 = 0x8000
}

/// Making and entering namespaces. All of it acts on the calling thread.
package enum Namespaces {
  package static func unshare(_ flags: UInt64) throws(SystemError) {
    try checked("unshare") { hull_unshare(Int32(truncatingIfNeeded: flags)) }
  }

  /// Enters the namespace behind an `/proc/PID/ns` descriptor, or several (`flags`) of the process behind a pidfd.
  package static func enter(_ fd: Int32, _ flags: UInt64) throws(SystemError) {
    try checked("setns") { hull_setns(fd, Int32(truncatingIfNeeded: flags)) }
  }
}

/// A process made by clone3(2).
package struct ClonedProcess: Sendable {
  /// 0 in the new process.
  package let pid: Int32
  /// -1 in the new process.
  package let pidfd: Int32

  package init(pid: Int32, pidfd: Int32) {
    self.pid = pid
    self.pidfd = pidfd
  }
}

/// Processes, through descriptors where the kernel has them.
package enum Processes {
  /// clone3(2) without shared memory: returns twice. Only in a process with one thread may the new one go on in Swift.
  package static func clone(_ flags: UInt64 = 0, cgroup: Int32 = -1) throws(SystemError) -> ClonedProcess {
    var pidfd: Int32 = -1
    // A sibling reports its end as the caller does.
    let exitSignal = flags & NamespaceFlag.siblingOfCaller == 0 ? SIGCHLD : 0
    let pid = try checked("clone3") { hull_clone3(flags, exitSignal, &pidfd, cgroup) }
    return ClonedProcess(pid: pid, pidfd: pid == 0 ? -1 : pidfd)
  }

  package static func pidfd(_ pid: Int32) throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try checked("pidfd_open \(pid)") { hull_pidfd_open(pid, 0) })
  }

  package static func signal(_ pidfd: Int32, _ number: Int32) throws(SystemError) {
    try checked("pidfd_send_signal") { hull_pidfd_send_signal(pidfd, number) }
  }

  /// Waits for a child and takes its status: 0–255, or 128 and the number of the signal that ended it.
  @discardableResult
  package static func reap(_ pid: Int32) throws(SystemError) -> Int32 {
    var status: Int32 = 0
    try checked("waitpid \(pid)") { waitpid(pid, &status, 0) }
    return exitCode(status)
  }

  /// What a wait status means to a shell: the exit code, or 128 and the signal's number.
  package static func exitCode(_ status: Int32) -> Int32 {
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  /// prctl(2) with one argument.
  package static func control(_ option: Int32, _ argument: UInt = 0) throws(SystemError) {
    try checked("prctl \(option)") { hull_prctl(option, argument, 0, 0, 0) }
  }
}

/// `PR_*` of prctl(2).
package enum ProcessOption {
  package static let parentDeathSignal: Int32 = 1
  package static let dumpable: Int32 = 4
  package static let keepCapabilities: Int32 = 8
  package static let name: Int32 = 15
  package static let readBounding: Int32 = 23
  package static let dropBounding: Int32 = 24
  package static let childSubreaper: Int32 = 36
  package static let noNewPrivileges: Int32 = 38
  package static let ambient: Int32 = 47
}
