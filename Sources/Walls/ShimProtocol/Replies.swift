// SPDX-License-Identifier: Apache-2.0
import Errors
import Launch

/// What a shim answers, with the request's tag.
package enum ShimReply: Sendable, Equatable {
  case ok
  case failed(code: HullError.Code, message: String)
  /// The process is executed; its pid as the host sees it, and what the launcher could not do but need not fail for.
  case started(pid: Int32, warnings: [String])
  case stats(CgroupStats)
  case processes([Int32])
  case status(ShimStatus)

  /// The error behind `failed`, or `nil`.
  package var error: HullError? {
    guard case .failed(let code, let message) = self else { return nil }
    return HullError(code, message)
  }
}

/// What a shim tells subscribers, with tag 0.
package enum ShimEvent: Sendable, Equatable {
  /// A process (exec ID; "": the first) has ended and its output is drained; attached clients are closed after this.
  case exited(process: String, exit: ProcessExit)
  case execStarted(process: String, pid: Int32)
}

/// How a process ended.
package struct ProcessExit: Sendable, Equatable {
  /// 0…255; 128+n when killed by signal n.
  package var code: Int32
  /// Nanoseconds since 1970.
  package var time: Int64
  /// The kernel killed a process of the workload for memory.
  package var oomKilled: Bool

  package init(code: Int32, time: Int64, oomKilled: Bool) {
    self.code = code
    self.time = time
    self.oomKilled = oomKilled
  }
}

/// Everything a daemon that comes back must know.
package struct ShimStatus: Sendable, Equatable {
  package enum State: UInt8, Sendable {
    /// Before `launch`.
    case waiting
    case running
    case paused
    /// Waits for `finish`.
    case exited
  }

  /// The protocol this shim speaks (`ShimProtocol.version` when it was built).
  package var version: UInt32 = ShimProtocol.version
  package var state: State = .waiting
  /// 0 before the start.
  package var pid: Int32 = 0
  /// Nanoseconds since 1970; 0 before the start.
  package var startedAt: Int64 = 0
  package var exit: ProcessExit?
  /// Running execs and the last `ShimProtocol.rememberedExecs` that ended.
  package var execs: [ExecStatus] = []

  package init() {}
}

/// One exec of a workload.
package struct ExecStatus: Sendable, Equatable {
  package var id: String
  package var pid: Int32
  /// `nil`: runs.
  package var exit: ProcessExit?

  package init(id: String, pid: Int32, exit: ProcessExit?) {
    self.id = id
    self.pid = pid
    self.exit = exit
  }
}

/// Facts both ends share.
package enum ShimProtocol {
  /// Raised with every change of the messages' form: a shim outlives the daemon that started it.
  package static let version: UInt32 = 2
  /// How many ended execs a shim remembers.
  package static let rememberedExecs = 128
  /// The names of files in the run directory.
  package static let socketName = "shim.sock"
  /// One line, `code time-ns oom\n` (oom: 0 or 1), there when the workload has ended.
  package static let exitRecordName = "exit"
}
