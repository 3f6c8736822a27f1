// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import Launch
import LinuxSystem

/// Stands in for a process that runs in the foreground: passes signals on, carries its terminal, answers with its exit code.
struct Foreground: ~Copyable {
  private let signals: OwnedDescriptor

  /// Blocks signals from here on: one that arrives during the launch is passed on after it.
  ///
  /// - Parameter subreaper: what the workload leaves behind becomes our child, and is reaped.
  init(subreaper: Bool) throws(HullError) {
    var set = sigset_t()
    sigfillset(&set)
    for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { sigdelset(&set, signal) }
    sigprocmask(SIG_BLOCK, &set, nil)
    signals = OwnedDescriptor(
      try step("signals") { () throws(SystemError) in
        if subreaper { try Processes.control(ProcessOption.childSubreaper, 1) }
        return try checked("signalfd") { hull_signalfd(&set) }
      })
  }

  /// Waits for the process and answers with its exit code (128 + n after signal n). Closes the process's descriptors.
  ///
  /// - Parameter begin: called when everything is ready for the process's first output.
  consuming func wait(for process: LaunchedProcess, begin: () throws(HullError) -> Void = {}) throws(HullError) -> Int32 {
    defer { close(process.pidfd) }
    guard let master = process.terminal else {
      try begin()
      return waitPlain(process)
    }
    var console = Console(master: master)
    defer { console.close() }
    try begin()
    while true {
      var entries = console.entries + [pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0)]
      let ready = poll(&entries, nfds_t(entries.count), -1)
      if ready < 0 && errno != EINTR { return 255 }
      console.move(entries)
      if entries[entries.count - 1].revents != 0, let code = takeSignals(process, console: console) {
        console.drain()
        return code
      }
    }
  }

  private borrowing func waitPlain(_ process: LaunchedProcess) -> Int32 {
    while true {
      if let code = takeSignals(process, console: nil) { return code }
      _ = try? Descriptors.waitReadable(signals.number, milliseconds: -1)
    }
  }

  /// Handles what has arrived; the exit code when the process has ended.
  private borrowing func takeSignals(_ process: LaunchedProcess, console: Console?) -> Int32? {
    var info = [UInt8](repeating: 0, count: 128)
    while Glibc.read(signals.number, &info, info.count) == info.count {
      let signal = info.withUnsafeBytes { $0.load(as: Int32.self) }
      switch signal {
      case SIGCHLD: break
      case SIGWINCH: console?.resize()
      case SIGURG, SIGPIPE: break
      default: try? Processes.signal(process.pidfd, signal)
      }
    }
    return reap(process.pid)
  }

  private borrowing func reap(_ main: Int32) -> Int32? {
    var code: Int32?
    while true {
      var status: Int32 = 0
      let pid = waitpid(-1, &status, WNOHANG)
      if pid <= 0 { return code }
      if pid == main { code = Processes.exitCode(status) }
    }
  }
}
