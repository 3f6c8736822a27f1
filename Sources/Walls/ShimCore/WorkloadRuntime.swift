// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch
import ShimProtocol

/// Who puts processes behind the wall: Hull's launcher, or an OCI runtime's command line.
protocol WorkloadRuntime: AnyObject {
  /// Starts the workload's first process. On failure nothing is left.
  func launch(_ plan: LaunchPlan, stdio: StdioDescriptors) throws(HullError) -> LaunchedProcess
  /// Starts a further process.
  func exec(_ request: ExecRequest, in target: JoinTarget, stdio: StdioDescriptors) throws(HullError) -> LaunchedProcess
  /// The workload has ended: forget it.
  func ended()
}

/// Hull's own launcher.
final class BuiltinRuntime: WorkloadRuntime {
  func launch(_ plan: LaunchPlan, stdio: StdioDescriptors) throws(HullError) -> LaunchedProcess {
    var plan = plan
    plan.process.dieWithParent = true
    return try Launcher.launch(plan, stdio: stdio)
  }

  func exec(_ request: ExecRequest, in target: JoinTarget, stdio: StdioDescriptors) throws(HullError) -> LaunchedProcess {
    var process = request.process
    process.dieWithParent = true
    return try Launcher.join(target, process: process, stdio: stdio)
  }

  func ended() {}
}
