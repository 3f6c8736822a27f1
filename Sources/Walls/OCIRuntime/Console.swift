// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Our own terminal, joined to the workload's: bytes both ways, the size one way.
struct Console {
  private let master: Int32
  /// How our terminal was, when our standard input is one.
  private let before: termios?
  /// What has been read from standard input and not yet been taken by the workload's terminal.
  private var pending: [UInt8] = []
  private var inputOpen = true
  private var outputOpen = true

  init(master: Int32) {
    self.master = master
    var settings = termios()
    if isatty(0) == 1, tcgetattr(0, &settings) == 0 {
      before = settings
      cfmakeraw(&settings)
      // The workload's terminal leaves line ends to ours: where our output is a file or a pipe, it gets them as they were written.
      settings.c_oflag |= tcflag_t(OPOST)
      tcsetattr(0, TCSANOW, &settings)
    } else {
      before = nil
    }
    if tcgetattr(master, &settings) == 0 {
      settings.c_oflag &= ~tcflag_t(ONLCR)
      tcsetattr(master, TCSANOW, &settings)
    }
    try? Descriptors.setNonBlocking(master, true)
    resize()
  }

  /// Gives the workload's terminal the size of ours.
  func resize() {
    if let size = try? Pty.size(0) { try? Pty.setSize(master, rows: size.rows, columns: size.columns) }
  }

  /// What to wait for: the master, then standard input (-1 where it is not wanted).
  var entries: [pollfd] {
    let wanted = (outputOpen ? Int16(POLLIN) : 0) | (pending.isEmpty ? 0 : Int16(POLLOUT))
    return [
      pollfd(fd: outputOpen ? master : -1, events: wanted, revents: 0),
      pollfd(fd: inputOpen && pending.isEmpty ? 0 : -1, events: Int16(POLLIN), revents: 0),
    ]
  }

  /// Moves what can be moved after a poll.
  mutating func move(_ entries: [pollfd]) {
    if entries[0].revents & Int16(POLLOUT) != 0 { flush() }
    if entries[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { _ = copyOutput() }
    if entries[1].revents != 0 { takeInput() }
  }

  /// After the end: what the workload has still written.
  mutating func drain() {
    while outputOpen, copyOutput() {}
  }

  func close() {
    if var before { tcsetattr(0, TCSANOW, &before) }
    _ = Glibc.close(master)
  }

  private mutating func takeInput() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(0, &buffer, buffer.count)
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
    guard count > 0 else {
      inputOpen = false
      return
    }
    pending = Array(buffer[..<count])
    flush()
  }

  private mutating func flush() {
    let count = pending.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
    if count > 0 { pending.removeFirst(count) } else if errno != EAGAIN && errno != EINTR { pending = [] }
  }

  /// `false`: nothing there now.
  private mutating func copyOutput() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 32 << 10)
    let count = read(master, &buffer, buffer.count)
    if count > 0 {
      StateFiles.print(Array(buffer[..<count]))
      return true
    }
    // EIO: nobody has the other side open any more.
    if count == 0 || (errno != EAGAIN && errno != EINTR) { outputOpen = false }
    return false
  }
}
