// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Standard input, output and error of this process, tied to a container's: `run`, `attach`, `start -a`, `exec`.
///
/// One thread, one poll: the terminal or pipe on this side, the hijacked connection on the other, signals in between.
final class Session {
  enum End {
    /// The container's output is at its end.
    case finished
    /// The user typed the detach keys.
    case detached
  }

  struct Options {
    var tty = false
    var stdin = false
    var stdout = true
    var stderr = true
    var detachKeys: [UInt8] = []
  }

  private static let mostPending = 65536

  private let connection: Connection
  private let options: Options
  private let signals: SignalPipe?
  private let onSignal: (Int32) -> Void
  private var keys: DetachKeys
  private var demultiplexer = Demultiplexer()
  private var raw: RawMode?
  private var readsInput: Bool
  private var inputEnded = false
  private var pending: [UInt8] = []

  /// `onSignal` is told of every signal that comes while the session runs.
  init(_ connection: Connection, _ options: Options, signals: SignalPipe?, onSignal: @escaping (Int32) -> Void) {
    self.connection = connection
    self.options = options
    self.signals = signals
    self.onSignal = onSignal
    keys = DetachKeys(options.tty ? options.detachKeys : [])
    readsInput = options.stdin
    inputEnded = !options.stdin
  }

  /// Until the output ends. The terminal is as it was when this returns or throws.
  func run() throws -> End {
    // A reader of our output that goes away must not kill us before the terminal is right again.
    signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, SIG_DFL) }
    if options.tty, options.stdin { raw = RawMode(0) }
    defer { raw?.restore() }
    let flags = fcntl(connection.descriptor, F_GETFL)
    _ = fcntl(connection.descriptor, F_SETFL, flags | O_NONBLOCK)
    try deliver(connection.takeBuffered())
    if !options.stdin { shutdown(connection.descriptor, Int32(SHUT_WR)) }
    while true {
      if let end = try turn() { return end }
    }
  }

  private func turn() throws -> End? {
    var pollers = [
      pollfd(fd: connection.descriptor, events: Int16(POLLIN) | (pending.isEmpty ? 0 : Int16(POLLOUT)), revents: 0),
      pollfd(fd: readsInput && pending.count < Self.mostPending ? 0 : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&pollers, nfds_t(pollers.count), -1) >= 0 else {
      if errno == EINTR { return nil }
      throw HullError(.internalError, "poll: \(errorText())")
    }
    if pollers[2].revents != 0 { takeSignals() }
    if pollers[1].revents != 0, try takeInput() { return .detached }
    if pollers[0].revents & Int16(POLLOUT) != 0 { sendPending() }
    if pollers[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, try takeOutput() { return .finished }
    return nil
  }

  /// Whether the output is at its end.
  private func takeOutput() throws -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = read(connection.descriptor, &bytes, bytes.count)
    if count > 0 {
      try deliver(Array(bytes[..<count]))
      return false
    }
    return count == 0 || (errno != EAGAIN && errno != EINTR)
  }

  private func deliver(_ bytes: [UInt8]) throws {
    if bytes.isEmpty { return }
    if options.tty { try Output.deliver(1, bytes) } else { try demultiplexer.copy(bytes, stdout: options.stdout, stderr: options.stderr) }
  }

  /// Whether the detach keys were typed.
  private func takeInput() throws -> Bool {
    var bytes = [UInt8](repeating: 0, count: 32768)
    let count = read(0, &bytes, bytes.count)
    if count < 0, errno == EAGAIN || errno == EINTR { return false }
    guard count > 0 else {
      endInput()
      return false
    }
    guard let typed = keys.filter(Array(bytes[..<count])) else { return true }
    pending += typed
    sendPending()
    return false
  }

  private func endInput() {
    readsInput = false
    inputEnded = true
    raw?.restore()
    if pending.isEmpty { shutdown(connection.descriptor, Int32(SHUT_WR)) }
  }

  private func sendPending() {
    while !pending.isEmpty {
      let count = pending.withUnsafeBytes { send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count > 0 {
        pending.removeFirst(count)
      } else if errno == EAGAIN {
        return
      } else if errno != EINTR {
        // The other side takes no more input; its output is still wanted.
        pending.removeAll()
        readsInput = false
        return
      }
    }
    if inputEnded { shutdown(connection.descriptor, Int32(SHUT_WR)) }
  }

  private func takeSignals() {
    for signal in signals?.take() ?? [] {
      if signal == SIGCONT, options.tty, options.stdin, readsInput { raw?.enter() }
      onSignal(signal)
    }
  }

  /// Before the process ends of a signal.
  func restoreTerminal() { raw?.restore() }
}
