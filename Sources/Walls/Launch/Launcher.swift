// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// The three descriptors a process gets as 0, 1 and 2; -1 stands for `/dev/null`. Unused when the process has a terminal.
package struct StdioDescriptors: Sendable {
  package var stdin: Int32
  package var stdout: Int32
  package var stderr: Int32
  package init(stdin: Int32, stdout: Int32, stderr: Int32) {
    self.stdin = stdin
    self.stdout = stdout
    self.stderr = stderr
  }
}

/// A process that has been launched: a child of the caller, who reaps it and closes the descriptors.
package struct LaunchedProcess: Sendable {
  /// As the caller's pid namespace numbers it.
  package var pid: Int32
  package var pidfd: Int32
  /// The master of the process's pseudo-terminal.
  package var terminal: Int32?
  /// What could not be done as asked and was not worth a failure, each a sentence for the user.
  package var warnings: [String]
}

/// A running process whose wall another one enters.
package struct JoinTarget: Sendable, Equatable {
  package var pid: Int32
  /// The control group to enter, as in `CgroupPlan.path`; `nil`: the caller's own.
  package var cgroupPath: String?
  /// Which namespaces to join; empty: all in which the process differs from the caller.
  package var namespaces: [NamespacePlan.Kind]
  package init(pid: Int32, cgroupPath: String? = nil, namespaces: [NamespacePlan.Kind] = []) {
    self.pid = pid
    self.cgroupPath = cgroupPath
    self.namespaces = namespaces
  }
}

/// Puts processes behind the container wall. To be called from a process with one thread.
package enum Launcher {
  /// Makes the workload that the plan describes; returns when its program runs or, with a start gate, when it waits there.
  ///
  /// - Parameters:
  ///   - hierarchies: where the control groups are; `nil`: as this host has them.
  ///   - connect: puts interfaces into the new network namespace; gets the new process's pid, and runs while that process makes its mounts. The
  ///     program does not start before it has returned.
  /// - Throws: `commandNotFound` and `commandNotExecutable` in Docker's words, otherwise which step failed on what. Nothing is left then.
  package static func launch(
    _ plan: LaunchPlan, stdio: StdioDescriptors, hierarchies: CgroupHierarchies? = nil, connect: ((Int32) throws(HullError) -> Void)? = nil
  ) throws(HullError) -> LaunchedProcess {
    var launch = try ContainerLaunch(plan, stdio: stdio, hierarchies: hierarchies, connect: connect)
    defer { launch.closeDescriptors() }
    return try launch.run()
  }

  /// Runs one more process behind the wall of `target` (docker exec); it is a child of the caller.
  package static func join(
    _ target: JoinTarget, process: ProcessPlan, stdio: StdioDescriptors, hierarchies: CgroupHierarchies? = nil
  ) throws(HullError) -> LaunchedProcess {
    var launch = try JoinLaunch(target, process: process, stdio: stdio, hierarchies: hierarchies)
    defer { launch.closeDescriptors() }
    return try launch.run()
  }

  /// Lets a process that waits at its start gate (a fifo that the launching side made) go on to exec. Does not remove the fifo.
  ///
  /// - Throws: `conflict` when nobody waits there.
  package static func openGate(_ path: String) throws(HullError) {
    do {
      let gate = try Files.open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW)
      try Files.writeAll(gate.number, [1], name: path)
    } catch {
      if error.number == ENXIO { throw HullError(.conflict, "no process waits at \(path)") }
      throw HullError("start the process", error)
    }
  }
}
