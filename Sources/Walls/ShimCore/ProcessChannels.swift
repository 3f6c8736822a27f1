// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import Launch
import LinuxSystem
import ShimLoop

/// A process that runs, with this side's ends of its stdio.
struct StartedProcess {
  let pid: Int32
  let channels: ProcessChannels
  let warnings: [String]
}

/// This side's ends of a process's stdio, all non-blocking; -1: none. A terminal's three are copies of its master: each is watched,
/// and closed, by somebody else.
struct ProcessChannels {
  private(set) var input: Int32 = -1
  private(set) var output: Int32 = -1
  private(set) var error: Int32 = -1
  /// The master itself.
  private(set) var terminal: Int32 = -1
  /// A slave of our own: without it the master reports a hang-up for as long as nobody else happens to have the terminal open.
  private var slave: Int32 = -1

  var isTerminal: Bool { terminal >= 0 }

  /// Makes the pipes (input only when asked for; a terminal needs none), starts a process with them and keeps this side's ends.
  /// On failure nothing is left.
  static func open(
    terminal: Bool, input: Bool, start: (StdioDescriptors) throws(HullError) -> NewProcess
  ) throws(HullError) -> StartedProcess {
    var channels = ProcessChannels()
    var child = StdioDescriptors(stdin: -1, stdout: -1, stderr: -1)
    defer { for descriptor in [child.stdin, child.stdout, child.stderr] { IO.close(descriptor) } }
    do {
      if !terminal { try channels.openPipes(withInput: input, child: &child) }
      let launched = try start(child)
      try channels.adopt(launched)
      return StartedProcess(pid: launched.pid, channels: channels, warnings: launched.warnings)
    } catch {
      channels.closeAll()
      throw error
    }
  }

  /// The process has ended: the terminal's last slave to be closed marks the end of output.
  mutating func closeSlave() {
    IO.close(slave)
    slave = -1
  }

  /// The terminal is drained.
  mutating func closeTerminal() {
    closeSlave()
    IO.close(terminal)
    terminal = -1
  }

  private mutating func openPipes(withInput: Bool, child: inout StdioDescriptors) throws(HullError) {
    if withInput { (child.stdin, input) = try ProcessChannels.pipe() }
    (output, child.stdout) = try ProcessChannels.pipe()
    (error, child.stderr) = try ProcessChannels.pipe()
    for descriptor in [input, output, error] where descriptor >= 0 { IO.setNonBlocking(descriptor) }
  }

  private mutating func adopt(_ launched: NewProcess) throws(HullError) {
    guard let master = launched.terminal else { return }
    terminal = master
    IO.setNonBlocking(master)
    do throws(SystemError) {
      slave = try Pty.peer(master).take()
      output = try ProcessChannels.copy(master)
      input = try ProcessChannels.copy(master)
    } catch {
      kill(launched.pid, SIGKILL)
      throw HullError("cannot use the terminal of the process", error)
    }
  }

  private mutating func closeAll() {
    for descriptor in [input, output, error] { IO.close(descriptor) }
    closeTerminal()
  }

  private static func pipe() throws(HullError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    try step("cannot make the pipes of the process") { () throws(SystemError) in
      try checked("pipe2") { hull_pipe2(&ends, O_CLOEXEC) }
    }
    return (ends[0], ends[1])
  }

  private static func copy(_ descriptor: Int32) throws(SystemError) -> Int32 {
    try checked("fcntl F_DUPFD_CLOEXEC") { hull_fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }
  }
}
