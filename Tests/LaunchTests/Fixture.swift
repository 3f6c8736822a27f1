// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem
import Testing

/// A small root file system of busybox in a directory of its own, and plans that run in it through `launch-probe`.
final class Fixture {
  let directory: String
  let id: String
  private static let applets = [
    "sh", "ls", "cat", "id", "mount", "umount", "true", "env", "stat", "grep", "sleep", "ps", "hostname", "dnsdomainname", "tty", "stty",
    "touch", "readlink", "head", "wc", "mkdir", "rm", "echo", "pwd", "ulimit", "ifconfig", "test", "chmod", "dd", "kill", "mknod", "sort",
    "sysctl", "find", "date",
  ]

  init() throws {
    var template = Array("/tmp/hull-launch-XXXXXX".utf8CString)
    directory = String(cString: try #require(mkdtemp(&template)))
    id = "t" + directory.suffix(6)
    for path in ["rootfs/bin", "rootfs/etc", "rootfs/proc", "rootfs/sys", "rootfs/dev", "rootfs/tmp", "rootfs/root", "upper", "work", "merged"] {
      try Files.makeDirectories(directory + "/" + path)
    }
    chmod(directory, 0o755)
    chmod(directory + "/rootfs/tmp", 0o1777)
    try copy("/bin/busybox", to: "rootfs/bin/busybox")
    for applet in Self.applets { symlink("busybox", directory + "/rootfs/bin/" + applet) }
    try write("rootfs/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\nbob:x:1002:1002::/:/bin/sh\n")
    try write("rootfs/etc/group", "root:x:0:\nwheel:x:10:bob,alice\nusers:x:100:alice\nalice:x:1001:\n")
  }

  deinit {
    let pid = try? Subprocess.start("/bin/rm", ["rm", "-rf", directory], environment: [])
    if let pid { _ = try? Processes.reap(pid) }
  }

  func write(_ path: String, _ text: String, mode: UInt32 = 0o644) throws {
    let file = try Files.open(directory + "/" + path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    try Files.writeAll(file.number, Array(text.utf8))
    fchmod(file.number, mode)
  }

  private func copy(_ source: String, to path: String) throws {
    let bytes = try Files.read(source, limit: 64 << 20)
    let file = try Files.open(directory + "/" + path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o755)
    try Files.writeAll(file.number, bytes)
  }

  /// What a plain container is made of: an overlay over the busybox root, five namespaces, the usual file systems.
  func plan(_ arguments: [String], cgroup: Bool = false) -> LaunchPlan {
    let root = RootPlan(
      source: .overlay(lower: [directory + "/rootfs"], upper: directory + "/upper", work: directory + "/work"), mountPoint: directory + "/merged",
      propagation: MountFlag.private | MountFlag.recursive)
    var plan = LaunchPlan(
      id: id, root: root, namespaces: [NamespacePlan.Kind.mount, .pid, .network, .ipc, .uts].map { NamespacePlan($0) }, process: process(arguments))
    let safe = MountFlag.noSuid | MountFlag.noDev | MountFlag.noExec
    plan.mounts = [
      mount("proc", "proc", "/proc", flags: safe),
      mount("tmpfs", "tmpfs", "/dev", flags: MountFlag.noSuid, data: "mode=755,size=65536k"),
      mount("devpts", "devpts", "/dev/pts", flags: MountFlag.noSuid | MountFlag.noExec, data: "newinstance,ptmxmode=0666,mode=0620,gid=5"),
      mount("sysfs", "sysfs", "/sys", flags: safe | MountFlag.readOnly),
      mount("mqueue", "mqueue", "/dev/mqueue", flags: safe),
      mount("tmpfs", "shm", "/dev/shm", flags: safe, data: "mode=1777"),
    ]
    plan.devices = [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)].map {
      DevicePlan(path: "/dev/" + $0.0, kind: .character, major: 1, minor: $0.1, mode: 0o666)
    }
    plan.devices.append(DevicePlan(path: "/dev/tty", kind: .character, major: 5, minor: 0, mode: 0o666))
    plan.hostname = "box"
    if cgroup { plan.cgroup = CgroupPlan(path: "/hull-test/" + id) }
    return plan
  }

  func process(_ arguments: [String]) -> ProcessPlan {
    var process = ProcessPlan(arguments: arguments, environment: ["PATH=/usr/bin:/bin"])
    let all = Capabilities.bounding()
    process.capabilities.bounding = all
    process.capabilities.effective = all
    process.capabilities.permitted = all
    return process
  }

  func mount(_ type: String, _ source: String, _ destination: String, flags: UInt = 0, data: String = "") -> MountPlan {
    var mount = MountPlan(type: type, source: source, destination: destination)
    mount.flags = flags
    mount.data = data
    return mount
  }

  func bind(_ source: String, _ destination: String, flags: UInt = 0) -> MountPlan {
    mount("bind", source, destination, flags: MountFlag.bind | MountFlag.recursive | flags)
  }

  /// Runs a shell script in a container and returns what came of it.
  func run(_ script: String, _ change: (inout LaunchPlan) -> Void = { _ in }) throws -> ProbeResult {
    var plan = plan(["sh", "-c", script])
    change(&plan)
    return try run(plan)
  }

  func run(_ plan: LaunchPlan, exec processes: [ProcessPlan] = [], unified: Bool = false) throws -> ProbeResult {
    try start(plan, exec: processes, unified: unified).finish()
  }

  func start(_ plan: LaunchPlan, exec processes: [ProcessPlan] = [], unified: Bool = false) throws -> Probe {
    var arguments = (unified ? ["--unified"] : []) + [try wire(plan)]
    for process in processes { arguments += ["--exec", try wire(process)] }
    return try Probe(arguments, in: directory)
  }

  private func wire<Value: WireValue>(_ value: Value) throws -> String {
    var writer = WireWriter()
    writer.write(value)
    var template = Array("\(directory)/wire-XXXXXX".utf8CString)
    let file = OwnedDescriptor(try checked("mkstemp") { mkstemp(&template) })
    try Files.writeAll(file.number, writer.bytes)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Nothing on the host tells of this container any more.
  func expectNothingLeft(_ location: SourceLocation = #_sourceLocation) throws {
    let mounts = try Files.readText("/proc/self/mountinfo", limit: 16 << 20)
    #expect(!mounts.contains(directory), "a mount is left", sourceLocation: location)
    for group in try CgroupHierarchies.host().directories("/hull-test/" + id) {
      #expect(access(group, F_OK) != 0, "control group \(group) is left", sourceLocation: location)
    }
  }
}

/// A running `launch-probe`.
final class Probe {
  let pid: Int32
  private let output: String
  private let report: String
  private static let program: String = {
    let own = (try? Files.readLink("/proc/self/exe")) ?? ""
    return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/launch-probe"
  }()

  init(_ arguments: [String], in directory: String) throws {
    var template = Array("\(directory)/report-XXXXXX".utf8CString)
    report = String(cString: try #require(mkdtemp(&template))) + "/report"
    output = report + ".output"
    let file = try Files.open(output, O_WRONLY | O_CREAT | O_APPEND, mode: 0o666)
    pid = try Subprocess.start(
      Self.program, ["launch-probe", report] + arguments, environment: [], stdin: -1, stdout: file.number, stderr: file.number)
  }

  /// Waits for the probe's end; one that hangs is killed.
  func finish() throws -> ProbeResult {
    let pidfd = try Processes.pidfd(pid)
    if try !Descriptors.waitReadable(pidfd.number, milliseconds: 60_000) {
      if let workload = try result().line("pid").flatMap({ Int32($0) }) { kill(workload, SIGKILL) }
      kill(pid, SIGKILL)
      Issue.record("the probe hangs: \(try result())")
    }
    _ = try Processes.reap(pid)
    return try result()
  }

  func result() throws -> ProbeResult {
    ProbeResult(
      output: (try? Files.readText(output, limit: 16 << 20)) ?? "",
      report: ((try? Files.readText(report)) ?? "").split(separator: "\n").map(String.init))
  }

  /// Waits until the report has a line that begins like this and returns the rest of it.
  func line(_ beginning: String) throws -> String {
    for _ in 0..<2000 {
      if let line = try result().line(beginning) { return line }
      usleep(5000)
    }
    throw SystemError(ETIMEDOUT, "wait for the probe to report \(beginning)")
  }
}

/// What the workload has written and what the launcher has answered.
struct ProbeResult: CustomStringConvertible {
  let output: String
  let report: [String]

  func line(_ beginning: String) -> String? {
    report.first { $0.hasPrefix(beginning + " ") }.map { String($0.dropFirst(beginning.count + 1)) }
  }

  func lines(_ beginning: String) -> [String] {
    report.filter { $0.hasPrefix(beginning + " ") }.map { String($0.dropFirst(beginning.count + 1)) }
  }

  var exit: Int32? { line("exit").flatMap { Int32($0) } }
  var warnings: [String] { lines("warning") }
  /// Code and message.
  var error: String? { line("error").map { $0.split(separator: "\t", maxSplits: 1).joined(separator: ": ") } }
  var outputLines: [String] { output.split(separator: "\n").map(String.init) }
  var description: String { (report + ["output:", output]).joined(separator: "\n") }
}
