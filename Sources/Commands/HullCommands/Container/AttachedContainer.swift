// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A container whose streams are tied to this process: resizing, signals and the exit code.
struct AttachedContainer {
  let engine: EngineClient
  let id: String

  private var path: String { "/containers/\(id)" }

  /// Opens the streams. What the container writes from now on is not lost.
  func attach(_ options: Session.Options, detachKeys: String) throws -> Connection {
    var query: EngineClient.Query = [("stream", "1")]
    if options.stdin { query.append(("stdin", "1")) }
    if options.stdout { query.append(("stdout", "1")) }
    if options.stderr { query.append(("stderr", "1")) }
    if !detachKeys.isEmpty { query.append(("detachKeys", detachKeys)) }
    return try engine.hijack("\(path)/attach", query: query)
  }

  enum WaitCondition: String {
    case notRunning = "not-running"
    case nextExit = "next-exit"
    case removed
  }

  /// Begins to wait; when this returns the engine watches, and no exit can be missed.
  func beginWait(_ condition: WaitCondition) throws -> Response {
    try engine.sendApart("POST", "\(path)/wait", query: [("condition", condition.rawValue)])
  }

  /// The exit code that a wait brings.
  static func status(of wait: Response) throws -> Int32 {
    let answer = try wait.json()
    if let message = answer["Error"]["Message"].string, !message.isEmpty {
      throw HullError(.internalError, "error waiting for container: \(message)")
    }
    return Int32(truncatingIfNeeded: answer["StatusCode"].int ?? 125)
  }

  /// Ties the streams until the output ends, passing signals on when `proxiesSignals`.
  func run(_ connection: Connection, _ options: Session.Options, signals: SignalPipe?, proxiesSignals: Bool) throws -> Session.End {
    var session: Session?
    let (engine, path) = (engine, path)
    let current = Session(connection, options, signals: signals) { signal in
      switch signal {
      case SIGWINCH: Self.resize(engine, path)
      case _ where proxiesSignals: _ = try? engine.bytes("POST", "\(path)/kill", query: [("signal", Signals.name(signal))])
      case _ where SignalPipe.ending.contains(signal):
        session?.restoreTerminal()
        SignalPipe.die(of: signal)
      default: break
      }
    }
    session = current
    defer { session = nil }
    if options.tty { Self.resize(engine, path) }
    return try current.run()
  }

  /// Tells the engine the terminal's size; a container that has not started yet or is gone does not mind.
  static func resize(_ engine: EngineClient, _ path: String) {
    guard let size = Terminal.size(1) ?? Terminal.size(0) else { return }
    _ = try? engine.bytes("POST", "\(path)/resize", query: [("h", "\(size.rows)"), ("w", "\(size.columns)")])
  }

  /// What to catch: resizes on a terminal, and what is passed on or must put the terminal right first.
  static func signals(tty: Bool, proxied: Bool) -> SignalPipe? {
    SignalPipe((tty ? [SIGWINCH] : []) + (proxied ? SignalPipe.forwarded : tty ? SignalPipe.ending + [SIGCONT] : []))
  }

  /// A terminal was asked for and input is not one.
  static func checkTerminal(tty: Bool, stdin: Bool) throws {
    if tty, stdin, !Terminal.isTerminal(0) { throw ExitStatus(1, "the input device is not a TTY") }
  }
}

enum Signals {
  private static let names: [Int32: String] = [
    SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGUSR1: "USR1", SIGUSR2: "USR2", SIGALRM: "ALRM", SIGTERM: "TERM", SIGTSTP: "TSTP",
    SIGCONT: "CONT", SIGWINCH: "WINCH",
  ]
  static func name(_ signal: Int32) -> String { names[signal] ?? String(signal) }
}
