// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A container whose streams are tied to this process: resizing, signals and the exit code.
struct AttachedContainer {
  let engine: EngineClient
  let id: String

  private var path: String { "/containers/\(id)" }

  /// Asks for the streams. When the hijack is finished, nothing that the container writes is lost.
  func attach(_ options: Session.Options, detachKeys: String) throws -> EngineClient.Hijack {
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
    try Self.run(connection, options, engine, path, signals: signals) { signal in
      guard proxiesSignals else { return false }
      _ = try? engine.bytes("POST", "\(path)/kill", query: [("signal", Signals.name(signal))])
      return true
    }
  }

  /// The same for anything with streams and a `/resize` below its path. Signals that nobody takes end this process, the terminal put right.
  static func run(
    _ connection: Connection, _ options: Session.Options, _ engine: EngineClient, _ path: String, signals: SignalPipe?,
    takesSignal: @escaping (Int32) -> Bool
  ) throws -> Session.End {
    var session: Session?
    let current = Session(connection, options, signals: signals) { signal in
      if signal == SIGWINCH { return resize(engine, path) }
      if takesSignal(signal) || !SignalPipe.ending.contains(signal) { return }
      session?.restoreTerminal()
      SignalPipe.die(of: signal)
    }
    session = current
    defer { session = nil }
    if options.tty { resize(engine, path) }
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
