// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ShimProtocol

extension Engine {
  /// `POST /containers/{id}/exec`.
  package func createExec(_ reference: String, _ config: ExecConfig) async throws -> IDResponse {
    var response = IDResponse()
    response.id = try await find(reference).createExec(config)
    return response
  }

  /// `POST /exec/{id}/start`. `nil` when detached.
  package func startExec(_ id: String, _ config: ExecStartConfig) async throws -> AttachStream? {
    let (exec, container) = try exec(id)
    let keys = try DetachScanner.parse(exec.config.detachKeys)
    let descriptor = try await uncancelled { try await container.startExec(exec, start: config) }
    guard descriptor >= 0 else { return nil }
    // As in Docker it is the start that says whether output has headers, and the creation whether there is a terminal.
    return AttachStream(
      descriptor: descriptor, terminal: config.tty, prelude: nil,
      detachScanner: exec.config.tty && exec.config.attachStdin ? DetachScanner(keys: keys) : nil,
      onDetach: { await container.event("exec_detach", ["execID": id]) })
  }

  /// `POST /exec/{id}/resize`.
  package func resizeExec(_ id: String, size: TerminalSize) async throws {
    let (exec, container) = try exec(id)
    guard case .running = exec.state else { throw HullError(.conflict, "exec process \(id) is not running") }
    try await container.runningShim().call(.resize(process: id, rows: size.rows, columns: size.columns))
  }

  /// `GET /exec/{id}/json`.
  package func inspectExec(_ id: String) async throws -> ExecInspect {
    let (found, container) = try exec(id)
    if case .running = found.state { await container.settleExecs() }
    let exec = try services.execs.find(id)
    var answer = ExecInspect()
    answer.id = exec.id
    answer.containerID = exec.containerID
    switch exec.state {
    case .created: break
    case .starting: answer.running = true
    case .running(let pid):
      answer.running = true
      answer.pid = Int(pid)
    case .ended(let code): answer.exitCode = Int(code)
    }
    let command = exec.config.cmd ?? []
    answer.processConfig.tty = exec.config.tty
    answer.processConfig.entrypoint = command.first ?? ""
    answer.processConfig.arguments = Array(command.dropFirst())
    answer.processConfig.privileged = exec.config.privileged
    answer.processConfig.user = exec.config.user
    answer.openStdin = exec.config.attachStdin
    answer.openStdout = exec.config.attachStdout
    answer.openStderr = exec.config.attachStderr
    answer.detachKeys = exec.config.detachKeys
    answer.canRemove = false
    return answer
  }

  private func exec(_ id: String) throws(HullError) -> (Exec, Container) {
    let exec = try services.execs.find(id)
    guard let container = services.registry.container(id: exec.containerID) else {
      throw HullError(.notFound, "No such container: \(exec.containerID)")
    }
    return (exec, container)
  }
}

extension Container {
  /// Asks the shim which execs have ended: what a client has seen of an exec's end is then known here too.
  func settleExecs() async {
    guard let status = try? await runningShim().status() else { return }
    for exec in status.execs { if let exit = exec.exit { execEnded(exec.id, code: exit.code) } }
  }
}
