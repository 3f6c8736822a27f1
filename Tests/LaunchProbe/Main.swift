// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem

/// Launches what a test has planned, from a process with one thread, and writes into a file what came of it.
///
/// `launch-probe REPORT [--unified] PLAN [--exec PROCESS]…`: the files hold values in wire form. The workload has the probe's own streams; a terminal's
/// output goes to standard output. Each `--exec` joins the running workload in turn, which is killed after the last; without any, its end
/// is waited for. `--unified` uses the v2 hierarchy of a hybrid host. `launch-probe REPORT --time COUNT PLAN` launches again and again and reports microseconds.
@main
struct LaunchProbe {
  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    var hierarchies: CgroupHierarchies?
    do {
      let file = try step("open the report") { () throws(SystemError) in
        try Files.open(arguments.popFirst() ?? "", O_WRONLY | O_CREAT | O_APPEND, mode: 0o644).take()
      }
      dup2(file, reportDescriptor)
      _ = try step("open the report") { () throws(SystemError) in try Descriptors.setCloseOnExec(reportDescriptor, true) }
      if arguments.first == "--unified" {
        _ = arguments.popFirst()
        hierarchies = CgroupHierarchies(legacy: [], unified: try CgroupHierarchies.host().unified)
      }
      if arguments.first == "--time" {
        try measure(Int(arguments.dropFirst().first ?? "") ?? 1, plan: try read(arguments.last ?? ""))
      } else {
        let plan: LaunchPlan = try read(arguments.popFirst() ?? "")
        var processes: [ProcessPlan] = []
        while arguments.popFirst() == "--exec" { processes.append(try read(arguments.popFirst() ?? "")) }
        try run(plan, processes, hierarchies)
      }
    } catch {
      report("error \(error.code.rawValue)\t\(error)")
      exit(1)
    }
  }

  private static func read<Value: WireValue>(_ path: String) throws(HullError) -> Value {
    var reader = WireReader(try step("read \(path)") { () throws(SystemError) in try Files.read(path, limit: 64 << 20) })
    return try reader.read()
  }

  private static let reportDescriptor: Int32 = 100

  private static func report(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = bytes.withUnsafeBytes { write(reportDescriptor, $0.baseAddress, $0.count) }
  }

  private static func run(_ plan: LaunchPlan, _ processes: [ProcessPlan], _ hierarchies: CgroupHierarchies?) throws(HullError) {
    let streams = StdioDescriptors(stdin: 0, stdout: 1, stderr: 2)
    let workload = try Launcher.launch(plan, stdio: streams, hierarchies: hierarchies)
    for warning in workload.warnings { report("warning \(warning)") }
    report("pid \(workload.pid)")
    if let gate = plan.startGate {
      report("gate \((try? Files.readText("/proc/\(workload.pid)/comm")) ?? "")")
      try Launcher.openGate(gate)
    }
    for process in processes {
      do {
        let target = JoinTarget(pid: workload.pid, cgroupPath: plan.cgroup?.path)
        let joined = try Launcher.join(target, process: process, stdio: streams, hierarchies: hierarchies)
        for warning in joined.warnings { report("warning \(warning)") }
        if let terminal = joined.terminal { copy(terminal) }
        report("joined \(try reap(joined.pid))")
      } catch { report("error \(error.code.rawValue)\t\(error)") }
    }
    if !processes.isEmpty { kill(workload.pid, SIGKILL) }
    if let terminal = workload.terminal { copy(terminal) }
    report("exit \(try reap(workload.pid))")
    if let path = plan.cgroup?.path { try CgroupHierarchies.host(hierarchies).remove(path) }
  }

  private static func reap(_ pid: Int32) throws(HullError) -> Int32 {
    try step("reap") { () throws(SystemError) in try Processes.reap(pid) }
  }

  private static func copy(_ terminal: Int32) {
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = block.withUnsafeMutableBytes { Glibc.read(terminal, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      _ = block.withUnsafeBytes { write(1, $0.baseAddress, count) }
    }
  }

  private static func measure(_ count: Int, plan: LaunchPlan) throws(HullError) {
    var times: [(Int, Int, Int)] = []
    for _ in 0..<count {
      let start = now()
      let workload = try Launcher.launch(plan, stdio: StdioDescriptors(stdin: -1, stdout: 1, stderr: 2))
      let launched = now()
      _ = try reap(workload.pid)
      let ended = now()
      close(workload.pidfd)
      if let path = plan.cgroup?.path { try Cgroups.remove(path) }
      times.append((launched - start, ended - launched, now() - ended))
    }
    for (name, values) in [
      ("launch", times.map { $0.0 }), ("run", times.map { $0.1 }), ("remove", times.map { $0.2 }), ("all", times.map { $0.0 + $0.1 + $0.2 }),
    ] {
      let sorted = values.sorted()
      report("\(name) min \(sorted[0]) median \(sorted[count / 2]) p90 \(sorted[count * 9 / 10])")
    }
  }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
  }
}
