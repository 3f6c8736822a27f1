// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LaunchCompiler
import LinuxSystem
import OCISpec

extension Command {
  static let exec = Command(
    name: "exec", summary: "execute new process inside the container",
    usage: "<container-id> <command> [command options]  || -p process.json <container-id>",
    flags: [
      .value("console-socket", help: "path to an AF_UNIX socket which will receive the master end of the console's pseudoterminal"),
      .value("cwd", help: "current working directory in the container"),
      .value("env", "e", help: "set environment variables"),
      .toggle("tty", "t", help: "allocate a pseudo-TTY"),
      .value("user", "u", help: "UID (format: <uid>[:<gid>])"),
      .value("additional-gids", "g", help: "additional gids"),
      .value("process", "p", help: "path to the process.json"),
      .toggle("detach", "d", help: "detach from the container's process"),
      .value("pid-file", help: "specify the file to write the process id to"),
      .value("process-label", help: "set the asm process label for the process commonly used with selinux"),
      .value("apparmor", help: "set the apparmor profile for the process"),
      .toggle("no-new-privs", help: "set the no new privileges value for the process"),
      .value("cap", "c", help: "add a capability to the bounding set for the process"),
      .value("preserve-fds", help: "pass N additional file descriptors to the container (stdio + $LISTEN_FDS + N in total)"),
      .value("cgroup", help: "run the process in an (existing) sub-cgroup of the container's"),
      .toggle("ignore-paused", help: "allow exec in a paused container"),
    ], arguments: 1...Int.max, untilPositional: true
  ) { invocation throws(HullError) in
    do throws(HullError) {
      return try execute(invocation)
    } catch {
      throw HullError(.execFailed, "exec failed", cause: error)
    }
  }

  private static func execute(_ invocation: Invocation) throws(HullError) -> Int32 {
    let container = try invocation.container()
    let arguments = invocation.arguments
    switch container.status {
    case .stopped, .creating: throw HullError(.conflict, "cannot exec in a stopped container")
    case .paused where !arguments.has("ignore-paused"):
      throw HullError(.conflict, "cannot exec in a paused container (use --ignore-paused to override)")
    default: break
    }
    let detached = arguments.has("detach")
    let spec = try process(invocation, container)
    var plan = try LaunchCompiler.process(spec, seccomp: try container.filter())
    let io = try ProcessIO(arguments, terminal: plan.terminal, detached: detached)
    try io.prepare(&plan)
    let socket = try io.connect()
    let foreground = detached ? nil : try Foreground(subreaper: false)
    let launched: LaunchedProcess
    let treatment: Treatment
    do throws(HullError) {
      treatment = try Treatment(spec, personality: container.record.personality, affinity: spec.execCPUAffinity)
      launched = try Launcher.join(try target(container, arguments), process: plan, stdio: io.stdio)
    } catch {
      throw HullError(error.code, "unable to start container process", cause: error)
    }
    invocation.log.launch(launched.warnings, detached: detached)
    do throws(HullError) {
      try treatment.complete(launched.pid)
      try io.handOver(launched, socket: socket)
    } catch {
      try? Processes.signal(launched.pidfd, SIGKILL)
      throw error
    }
    return try foreground?.wait(for: launched) ?? 0
  }

  private static func target(_ container: Container, _ arguments: Arguments) throws(HullError) -> JoinTarget {
    var target = JoinTarget(pid: container.record.pid, cgroupPath: container.record.cgroup)
    if let sub = arguments.value("cgroup") {
      guard !sub.split(separator: "/").contains("..") else { throw HullError(.invalidArgument, "bad sub cgroup path: \(sub)") }
      guard !sub.contains(":") else {
        throw HullError(.unsupported, "--cgroup \(sub): give one path below the container's, for all controllers")
      }
      target.cgroupPath = target.cgroupPath.map { $0 + "/" + sub.split(separator: "/").joined(separator: "/") }
    }
    return target
  }

  /// The file of `--process`, or the container's own process changed by the options.
  private static func process(_ invocation: Invocation, _ container: Container) throws(HullError) -> RuntimeSpec.Process {
    let arguments = invocation.arguments
    if let path = arguments.value("process") {
      return try RuntimeJSON.decode(RuntimeSpec.Process.self, from: try StateFiles.read(path))
    }
    guard var process = try container.config().process else { throw HullError(.internalError, "the container's configuration has no process") }
    process.args = Array(invocation.positional.dropFirst())
    guard process.args?.isEmpty == false else { throw HullError(.invalidArgument, "exec args cannot be empty") }
    process.terminal = arguments.has("tty")
    process.consoleSize = nil
    process.env = (process.env ?? []) + arguments.all("env")
    if let cwd = arguments.value("cwd") { process.cwd = cwd }
    if let label = arguments.value("process-label") { process.selinuxLabel = label }
    if let profile = arguments.value("apparmor") { process.apparmorProfile = profile }
    if arguments.isGiven("no-new-privs") { process.noNewPrivileges = arguments.has("no-new-privs") }
    try setUser(&process, arguments)
    addCapabilities(&process, arguments.all("cap"))
    return process
  }

  private static func setUser(_ process: inout RuntimeSpec.Process, _ arguments: Arguments) throws(HullError) {
    var user = process.user ?? RuntimeSpec.User()
    if let text = arguments.value("user") {
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let uid = UInt32(parts[0]) else { throw HullError(.invalidArgument, "bad uid: \"\(parts[0])\" is not a number") }
      user.uid = uid
      if parts.count > 1 {
        guard let gid = UInt32(parts[1]) else { throw HullError(.invalidArgument, "bad gid: \"\(parts[1])\" is not a number") }
        user.gid = gid
      }
    }
    for text in arguments.all("additional-gids") {
      guard let gid = UInt32(text) else { throw HullError(.invalidArgument, "additional-gids must be a positive number: \(text)") }
      user.additionalGids = (user.additionalGids ?? []) + [gid]
    }
    process.user = user
  }

  private static func addCapabilities(_ process: inout RuntimeSpec.Process, _ names: [String]) {
    guard !names.isEmpty else { return }
    var sets = process.capabilities ?? RuntimeSpec.Capabilities()
    sets.bounding = (sets.bounding ?? []) + names
    sets.effective = (sets.effective ?? []) + names
    sets.permitted = (sets.permitted ?? []) + names
    // Ambient needs inheritable, which the option does not touch (as runc).
    if sets.inheritable != nil { sets.ambient = (sets.ambient ?? []) + names }
    process.capabilities = sets
  }
}
