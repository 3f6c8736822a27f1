// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import Launch
import LaunchCompiler
import OCISpec
import ShimProtocol
import Threads

extension Container {
  /// Throws in Docker's words when nothing can be executed in it now.
  func checkExec() throws(HullError) {
    if state.status == .paused { throw HullError(.conflict, "Container \(record.name) is paused, unpause the container before exec") }
    _ = try runningOrRestarting()
  }

  func createExec(_ config: ExecConfig) throws(HullError) -> String {
    try checkExec()
    guard let command = config.cmd, !command.isEmpty else { throw HullError(.invalidArgument, "No exec command specified") }
    for text in command + (config.env ?? []) + [config.user, config.workingDir] where text.utf8.contains(0) {
      throw HullError(.invalidArgument, "a text in the exec's configuration contains a null byte")
    }
    _ = try DetachScanner.parse(config.detachKeys)
    let exec = Exec(id: randomIdentifier(), containerID: id, config: config)
    services.execs.add(exec)
    event("exec_create: " + command.joined(separator: " "), ["execID": exec.id])
    return exec.id
  }

  /// Starts it; gives the stream to it, -1 when detached. The caller owns the descriptor.
  func startExec(_ exec: Exec, start: ExecStartConfig) async throws -> Int32 {
    try checkExec()
    try services.execs.begin(exec.id)
    event("exec_start: " + (exec.config.cmd ?? []).joined(separator: " "), ["execID": exec.id])
    let config = exec.config
    var stream: Int32 = -1
    do {
      let connection = try runningShim()
      if !start.detach {
        stream = try await attach(
          AttachRequest(
            process: exec.id, stdin: config.attachStdin, stdout: config.attachStdout, stderr: config.attachStderr, framed: !start.tty))
      }
      let request = try await execRequest(exec, start)
      let started = try await connection.exec(request)
      services.execs.started(exec.id, pid: started.pid)
      for warning in started.warnings { services.log.warning("exec \(exec.id): \(warning)") }
      return stream
    } catch {
      if stream >= 0 { close(stream) }
      let failure = StartFailure(exec: error)
      services.execs.ended(exec.id, code: failure.exitCode)
      throw failure.error
    }
  }

  func execEnded(_ execID: String, code: Int32) {
    guard services.execs.ended(execID, code: code) else { return }
    event("exec_die", ["execID": execID, "exitCode": String(code)])
  }

  private func execRequest(_ exec: Exec, _ start: ExecStartConfig) async throws -> ExecRequest {
    let (config, host) = (exec.config, host)
    let (process, rights) = try execProcess(config, size: start.consoleSize ?? config.consoleSize)
    let user = config.user.isEmpty ? self.config.user : config.user
    let groups = config.user.isEmpty ? host.groupAdd ?? [] : []
    var plan = try LaunchCompiler.process(process, seccomp: try services.seccomp.program(rights))
    plan.user = .name(user, additional: groups)
    for index in plan.rlimits.indices { plan.rlimits[index].required = true }
    var request = ExecRequest(execID: exec.id, process: plan, openStdin: config.attachStdin && !start.detach)
    if services.configuration.runtimes[host.runtime] != nil {
      let root = try await root()
      request.specification = try await Blocking.run {
        var process = process
        process.user = try root.whole { (root) throws(HullError) in try UserLookup(root: root).user(user, groups: groups) }
        return Array(try DockerJSON.encode(process))
      }
    }
    return request
  }

  /// What an exec runs with: the container's rights and environment, with the exec's own over them.
  private func execProcess(_ exec: ExecConfig, size: [Int]?) throws(HullError) -> (process: RuntimeSpec.Process, rights: HostConfig) {
    let linked = (try? LegacyLinks(services: services, record: record).environment()) ?? []
    let own = SpecBuilder.environment(config, linked: linked, terminal: exec.tty)
    let directory = exec.workingDir.isEmpty ? config.workingDir : exec.workingDir
    var process = RuntimeSpec.Process(
      args: exec.cmd ?? [], env: Environment.replaced(own, by: exec.env ?? []), cwd: directory.isEmpty ? "/" : directory)
    process.terminal = exec.tty
    if exec.tty, let size, size.count == 2 {
      process.consoleSize = RuntimeSpec.ConsoleSize(height: UInt(clamping: size[0]), width: UInt(clamping: size[1]))
    }
    var rights = host
    if exec.privileged { rights.privileged = true }
    process.capabilities = DefaultSpec.capabilitySets(try SpecBuilder.capabilities(rights))
    process.noNewPrivileges = try SecurityOptions(host.securityOpt ?? []).noNewPrivileges && !exec.privileged
    process.oomScoreAdj = Int32(clamping: host.oomScoreAdj)
    process.rlimits = (host.ulimits ?? []).map { SpecBuilder.rlimit($0) }
    return (process, rights)
  }
}

extension StartFailure {
  /// For an exec: Docker's words differ, and an unknown failure is 126.
  init(exec cause: any Error) {
    let failure = cause as? HullError ?? HullError(.internalError, "cannot start the exec", cause: cause)
    let worded = HullError(failure.code, "OCI runtime exec failed: exec failed: unable to start container process: \(failure): unknown")
    switch failure.code {
    case .commandNotFound: self.init(error: worded, exitCode: 127)
    case .commandNotExecutable: self.init(error: worded, exitCode: 126)
    default: self.init(error: failure, exitCode: 126)
    }
  }
}
