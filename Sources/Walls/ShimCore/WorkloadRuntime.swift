// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import ShimLoop
import ShimProtocol

/// A process that has been made, a child of the shim.
struct NewProcess {
  let pid: Int32
  /// The master of its terminal, if it has one.
  let terminal: Int32?
  let warnings: [String]
}

/// Who puts processes behind the wall: Hull's launcher, or an OCI runtime's command line.
protocol WorkloadRuntime: AnyObject {
  /// Starts the workload's first process; `connect` gets its pid before it runs, where interfaces are to be put into its network namespace.
  /// On failure nothing is left.
  func launch(_ plan: LaunchPlan, stdio: StdioDescriptors, connect: ((Int32) throws(HullError) -> Void)?) throws(HullError) -> NewProcess
  /// Starts a further process.
  func exec(_ request: ExecRequest, in target: JoinTarget, stdio: StdioDescriptors) throws(HullError) -> NewProcess
  /// The workload has ended: forget it.
  func ended()
  /// A descriptor of the mount namespace that the shim came from, -1: it is still there.
  var hostMounts: Int32 { get }
}

/// Hull's own launcher.
final class BuiltinRuntime: WorkloadRuntime {
  func launch(_ plan: LaunchPlan, stdio: StdioDescriptors, connect: ((Int32) throws(HullError) -> Void)?) throws(HullError) -> NewProcess {
    var plan = plan
    plan.process.dieWithParent = true
    return BuiltinRuntime.process(try Launcher.launch(plan, stdio: stdio, connect: connect))
  }

  func exec(_ request: ExecRequest, in target: JoinTarget, stdio: StdioDescriptors) throws(HullError) -> NewProcess {
    var process = request.process
    process.dieWithParent = true
    return BuiltinRuntime.process(try Launcher.join(target, process: process, stdio: stdio))
  }

  func ended() {}
  let hostMounts: Int32 = -1

  /// A child that has not been reaped keeps its pid: the pidfd is not needed.
  private static func process(_ launched: LaunchedProcess) -> NewProcess {
    IO.close(launched.pidfd)
    return NewProcess(pid: launched.pid, terminal: launched.terminal, warnings: launched.warnings)
  }
}
