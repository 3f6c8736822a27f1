// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Synchronization

/// One exec: what is to run, and how far it is.
struct Exec: Sendable {
  enum State: Sendable, Equatable {
    case created, starting
    case running(pid: Int32)
    case ended(code: Int32)
  }

  let id: String
  let containerID: String
  let config: ExecConfig
  var state = State.created
  /// Nanoseconds since 1970: when it came to be or ended.
  var changed = Timestamp.now()
}

/// All execs of an engine. Those that have ended are kept for a while, so that their exit code can be asked for.
final class ExecRegistry: Sendable {
  private static let keptAfterEnd: Int64 = 300_000_000_000
  private static let keptUnstarted: Int64 = 3_600_000_000_000

  private let execs = Mutex<[String: Exec]>([:])

  func add(_ exec: Exec) {
    let now = exec.changed
    execs.withLock { execs in
      execs = execs.filter { _, old in
        switch old.state {
        case .ended: now - old.changed < ExecRegistry.keptAfterEnd
        case .created: now - old.changed < ExecRegistry.keptUnstarted
        case .starting, .running: true
        }
      }
      execs[exec.id] = exec
    }
  }

  /// An exec that a shim knows from before this daemon's start: what it runs is not known any more.
  func adopt(_ id: String, containerID: String, pid: Int32) {
    var exec = Exec(id: id, containerID: containerID, config: ExecConfig())
    exec.state = .running(pid: pid)
    add(exec)
  }

  /// Throws `notFound` in Docker's words.
  func find(_ id: String) throws(HullError) -> Exec {
    guard let exec = execs.withLock({ $0[id] }) else { throw HullError(.notFound, "No such exec instance: \(id)") }
    return exec
  }

  /// Takes an exec that has not been started. Throws `conflict` in Docker's words when it has.
  func begin(_ id: String) throws(HullError) {
    let state = execs.withLock { execs -> Exec.State? in
      guard let exec = execs[id] else { return nil }
      if exec.state == .created { execs[id]?.state = .starting }
      return exec.state
    }
    switch state {
    case nil: throw HullError(.notFound, "No such exec instance: \(id)")
    case .created: return
    case .starting, .running: throw HullError(.conflict, "exec command \(id) is already running")
    case .ended: throw HullError(.conflict, "exec command \(id) has already run")
    }
  }

  /// A process of this exec is there; an end that was seen before stays.
  func started(_ id: String, pid: Int32) {
    execs.withLock { execs in
      if execs[id]?.state == .starting { execs[id]?.state = .running(pid: pid) }
    }
  }

  /// Gives whether it was not known to have ended.
  @discardableResult
  func ended(_ id: String, code: Int32) -> Bool {
    execs.withLock { execs in
      guard let exec = execs[id] else { return false }
      if case .ended = exec.state { return false }
      execs[id]?.state = .ended(code: code)
      execs[id]?.changed = Timestamp.now()
      return true
    }
  }

  /// The container has ended, and with it whatever ran in it.
  func end(of containerID: String) {
    for id in running(in: containerID) { ended(id, code: 137) }
  }

  func running(in containerID: String) -> [String] {
    execs.withLock { execs in
      execs.values.filter { exec in
        guard exec.containerID == containerID else { return false }
        switch exec.state {
        case .starting, .running: return true
        case .created, .ended: return false
        }
      }.map(\.id).sorted()
    }
  }

  func remove(_ id: String) { execs.withLock { _ = $0.removeValue(forKey: id) } }

  func remove(of containerID: String) { execs.withLock { execs in execs = execs.filter { $0.value.containerID != containerID } } }
}
