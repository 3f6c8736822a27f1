// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LinuxSystem

/// What goes in and out of a process that is launched: the caller's own three descriptors, or a terminal.
struct ProcessIO: Sendable {
  let terminal: Bool
  let detached: Bool
  private let consoleSocket: String?
  private let pidFile: String?
  private let preserved: UInt32
  private let listening: UInt32

  init(_ arguments: Arguments, terminal: Bool, detached: Bool) throws(HullError) {
    self.terminal = terminal
    self.detached = detached
    consoleSocket = arguments.value("console-socket")
    pidFile = arguments.value("pid-file")
    preserved = try arguments.integer("preserve-fds") ?? 0
    listening = Self.activationCount()
    if detached && terminal && consoleSocket == nil {
      throw HullError(.invalidArgument, "cannot allocate tty if \(Program.name) will detach without setting console socket")
    }
    if (!detached || !terminal) && consoleSocket != nil {
      throw HullError(.invalidArgument, "cannot use console socket if \(Program.name) will not detach or allocate tty")
    }
    for number in 0..<Int32(clamping: UInt64(preserved) + UInt64(listening)) where fcntl(3 + number, F_GETFD) < 0 {
      throw HullError(.invalidArgument, "unable to stat preserved-fd \(number) (of \(preserved + listening)): \(errorText(errno))")
    }
  }

  /// How many sockets systemd passed to this program (sd_listen_fds(3)).
  private static func activationCount() -> UInt32 {
    guard let pid = getenv("LISTEN_PID"), let count = getenv("LISTEN_FDS"), pid_t(String(cString: pid)) == getpid() else { return 0 }
    return UInt32(String(cString: count)).map { min($0, 1024) } ?? 0
  }

  var stdio: StdioDescriptors { StdioDescriptors(stdin: 0, stdout: 1, stderr: 2) }

  /// Completes a process's plan: the descriptors it keeps, and the size of the terminal in front of us.
  func prepare(_ plan: inout ProcessPlan) throws(HullError) {
    plan.preservedDescriptors = listening + preserved
    if listening > 0 { plan.environment += ["LISTEN_FDS=\(listening)", "LISTEN_PID=1"] }
    if terminal && !detached && plan.rows == 0, let size = try? Pty.size(0) { (plan.rows, plan.columns) = size }
  }

  /// The other side of `--console-socket`; before the launch, so that a wrong path costs nothing. -1: none.
  func connect() throws(HullError) -> Int32 {
    guard let consoleSocket else { return -1 }
    return try step("console socket") { () throws(SystemError) in try UnixSocket.connect(consoleSocket).take() }
  }

  /// After the launch: the terminal to its socket, the number to its file.
  func handOver(_ process: LaunchedProcess, socket: Int32) throws(HullError) {
    if socket >= 0 {
      defer { close(socket) }
      guard let master = process.terminal else { throw HullError(.internalError, "the process has no terminal") }
      try step("console socket") { () throws(SystemError) in try UnixSocket.send(socket, Array("/dev/ptmx".utf8), descriptors: [master]) }
      close(master)
    }
    if let pidFile { try StateFiles.replace(pidFile, with: Array(String(process.pid).utf8), mode: 0o644) }
  }
}
