// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The write end of the pipe that carries signal numbers out of the handler.
/// Set once before the first handler is installed, read only by the handler: write(2) on it is async-signal-safe.
nonisolated(unsafe) private var signalPipeEnd: Int32 = -1

/// Signals as something to poll for, until the last reference goes.
final class SignalPipe {
  /// Every signal that is passed on to a container: all that can be caught, but those that concern the client alone.
  static let forwarded: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGTSTP, SIGCONT]
  /// Those that end a client that does not pass them on.
  static let ending: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

  let descriptor: Int32
  private let writeEnd: Int32
  private let caught: [Int32]

  init?(_ signals: [Int32]) {
    guard let ends = GNU.pipe(nonBlocking: true) else { return nil }
    (descriptor, writeEnd) = ends
    caught = signals
    signalPipeEnd = writeEnd
    for signal in signals { Self.handle(signal) }
  }

  private static func handle(_ signal: Int32) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      let saved = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = write(signalPipeEnd, &byte, 1)
      errno = saved
    }
    action.sa_flags = SA_RESTART
    sigaction(signal, &action, nil)
  }

  /// The signals that have come since the last time.
  func take() -> [Int32] {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? bytes[..<count].map { Int32($0) } : []
  }

  /// Ends the process as the signal would have done.
  static func die(of signal: Int32) -> Never {
    Glibc.signal(signal, SIG_DFL)
    raise(signal)
    exit(128 + signal)
  }

  deinit {
    for signal in caught { Glibc.signal(signal, SIG_DFL) }
    signalPipeEnd = -1
    close(descriptor)
    close(writeEnd)
  }
}
