// SPDX-License-Identifier: Apache-2.0
import Glibc
import ShimProtocol

/// The directory in which a daemon finds the shim and, later, how the workload ended.
struct RunDirectory {
  /// Files that a shim makes beside the socket.
  static let pidFile = "process.pid"
  static let processFile = "process.json"
  static let consoleSocket = "console.sock"
  static let runtimeLog = "runtime.log"
  private static let temporaryName = ".exit"

  private let path: String

  init(_ path: String) { self.path = path }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// `code time-ns oom\n`, complete or not there at all.
  func writeExitRecord(_ exit: ProcessExit) {
    let temporary = file(RunDirectory.temporaryName)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    var line = "\(exit.code) \(exit.time) \(exit.oomKilled ? 1 : 0)\n"
    let complete = line.withUTF8 { write(descriptor, $0.baseAddress, $0.count) == $0.count }
    close(descriptor)
    if complete { rename(temporary, file(ShimProtocol.exitRecordName)) } else { unlink(temporary) }
  }

  /// Removes the shim's files, and the directory if nothing else is in it.
  func remove() {
    for name in [
      ShimProtocol.socketName, ShimProtocol.exitRecordName, RunDirectory.temporaryName, RunDirectory.pidFile, RunDirectory.processFile,
      RunDirectory.consoleSocket, RunDirectory.runtimeLog,
    ] { unlink(file(name)) }
    rmdir(path)
  }
}
