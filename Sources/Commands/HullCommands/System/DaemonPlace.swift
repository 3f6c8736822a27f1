// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Where a local hulld keeps its state, and which process it is.
struct DaemonPlace {
  let state: String
  let endpoint: Endpoint

  static let flags: [Flag] = [.string("state", "Directory of sockets and live state", initial: "/run/hull")]

  init(_ call: Invocation) throws {
    state = Paths.absolute(call.string("state"), from: Environment.workingDirectory)
    if let host = call.host ?? Environment.value("HULL_HOST"), !host.isEmpty {
      endpoint = try Endpoint.parse(host)
    } else {
      endpoint = Endpoint(path: "\(state)/hull.sock")
    }
  }

  var pidFile: String { "\(state)/hulld.pid" }

  /// The process on the other end of the socket, else the one in the PID file; `nil` when there is none.
  func process() -> pid_t? {
    if let connection = try? Connection.open(endpoint) {
      var credentials = GNU.PeerCredentials()
      var length = socklen_t(MemoryLayout<GNU.PeerCredentials>.size)
      if getsockopt(connection.descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, credentials.pid > 0 { return credentials.pid }
    }
    guard let text = Files.text(pidFile), let pid = pid_t(Text.trimmed(text)), pid > 1, isHulld(pid) else { return nil }
    return pid
  }

  private func isHulld(_ pid: pid_t) -> Bool { Text.trimmed(Files.text("/proc/\(pid)/comm") ?? "") == "hulld" }

  /// Whether the engine answers.
  func answers() -> Bool { (try? EngineClient(endpoint: endpoint).bytes("GET", "/_ping")) != nil }
}
