// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Questions at the terminal.
enum Prompt {
  /// A line as it was typed, without white space at its ends.
  static func line(_ question: String) throws -> String {
    guard Terminal.isTerminal(0) else {
      throw HullError(.invalidArgument, "cannot ask without a terminal: use --username and --password-stdin")
    }
    Output.shared.write(question)
    Output.shared.flush()
    return Text.trimmed(readLine() ?? "")
  }

  /// A line that the terminal does not show. A signal that ends this program leaves a terminal that shows again.
  static func secret(_ question: String) throws -> String {
    var before = termios()
    guard tcgetattr(0, &before) == 0 else { return try line(question) }
    let signals = SignalPipe(SignalPipe.ending)
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(0, TCSAFLUSH, &silent)
    defer {
      tcsetattr(0, TCSAFLUSH, &before)
      Output.shared.line("")
    }
    Output.shared.write(question)
    Output.shared.flush()
    var sources = [pollfd(fd: 0, events: Int16(POLLIN), revents: 0), pollfd(fd: signals?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)]
    while poll(&sources, nfds_t(sources.count), -1) < 0, errno == EINTR {}
    if let signal = signals?.take().first {
      tcsetattr(0, TCSAFLUSH, &before)
      SignalPipe.die(of: signal)
    }
    return Text.trimmed(readLine() ?? "")
  }
}
