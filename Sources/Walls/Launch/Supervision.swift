// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Follows a new process until it has become the program, waits at its gate, or has failed.
struct Supervision {
  let channel: LaunchChannel
  let id: String
  private(set) var process: LaunchedProcess
  private(set) var rootIsAttached = false
  private var isCommitted = false

  init(channel: LaunchChannel, id: String, pid: Int32, pidfd: Int32, warnings: [String] = []) {
    self.channel = channel
    self.id = id
    process = LaunchedProcess(pid: pid, pidfd: pidfd, terminal: nil, warnings: warnings)
  }

  mutating func warn(_ warnings: [String]) { process.warnings += warnings }

  /// - Parameter onHooks: runs the hooks that run outside.
  mutating func follow(onHooks: (Int32) throws(HullError) -> Void) throws(HullError) -> LaunchedProcess {
    while let (message, descriptor) = try channel.receive() {
      switch message {
      case .warning(let text): process.warnings.append(text)
      case .terminal: process.terminal = descriptor
      case .rootAttached: rootIsAttached = true
      case .committed: isCommitted = true
      case .atGate: return process
      case .failed(let code, let text): throw HullError(HullError.Code(rawValue: code), text)
      case .hooksDue:
        try onHooks(process.pid)
        try step("let the process of \(id) go on") { () throws(SystemError) in try channel.send(.hooksDone) }
      case .spawned: throw HullError(.internalError, "the new process of \(id) sent a message out of turn")
      }
    }
    guard isCommitted else { throw diedEarly() }
    return process
  }

  /// Ends and reaps a process whose launch failed.
  func abandon() {
    try? Processes.signal(process.pidfd, SIGKILL)
    _ = try? Processes.reap(process.pid)
    close(process.pidfd)
    if let terminal = process.terminal { close(terminal) }
  }

  private func diedEarly() -> HullError {
    HullError(.internalError, "the process of \(id) was killed while it was being set up: look for an OOM kill in the kernel's log")
  }
}
