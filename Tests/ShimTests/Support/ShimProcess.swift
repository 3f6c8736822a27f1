// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import Launch
import LinuxSystem
import ShimProtocol
import Testing

/// The real program, started as hulld starts it: with its listening socket as descriptor 3.
final class ShimProcess {
  let id: String
  let workspace: Workspace
  let wall: Wall
  let pid: Int32
  private var reapedCode: Int32?

  static let binary: String = {
    if let directory = ProcessInfo.processInfo.environment["HULL_BIN"] { return directory + "/hull-shim" }
    let here = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return (here as NSString).deletingLastPathComponent + "/hull-shim"
  }()

  /// Kilobytes of private memory an idle shim may have; a debug build, which lies beside the tests, takes more.
  static let privateLimit = ProcessInfo.processInfo.environment["HULL_BIN"] == nil ? 600 : 300

  convenience init(_ wall: Wall = .builtin) throws { try self.init(wall, in: try Workspace()) }

  init(_ wall: Wall = .builtin, in workspace: Workspace) throws {
    self.workspace = workspace
    self.wall = wall
    id = "t" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "").prefix(15)
    let listener = try UnixSocket.listen(workspace.runDirectory + "/" + ShimProtocol.socketName)
    pid = try ShimProcess.spawn(["hull-shim", "--id", id, "--run-dir", workspace.runDirectory], listener: listener.number)
  }

  deinit {
    if reapedCode == nil {
      kill(pid, SIGKILL)
      _ = wait()
    }
    if wall == .runc { Wall.forget(id, in: workspace) }
    try? Cgroups.remove("/hull-shim-test-\(id)")
  }

  func connect() throws -> ShimClient { ShimClient(try connectRaw()) }

  func connectRaw() throws -> Int32 {
    let socket = try UnixSocket.connect(workspace.runDirectory + "/" + ShimProtocol.socketName).take()
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    return socket
  }

  func attach(_ process: String = "", stdin: Bool = false, stdout: Bool = true, stderr: Bool = true) throws -> AttachedClient {
    try AttachedClient(try connectRaw(), AttachRequest(process: process, stdin: stdin, stdout: stdout, stderr: stderr))
  }

  /// A launch request for a shell script.
  func script(_ text: String, pidNamespace: Bool = true, terminal: Bool = false, stdin: StdinMode = .closed) throws -> LaunchRequest {
    var request = LaunchRequest(plan: workspace.plan(id, ["/bin/sh", "-c", text], pidNamespace: pidNamespace, terminal: terminal))
    request.log = LogPlan(path: workspace.logPath, maxSize: nil, maxFiles: 1)
    request.stdin = stdin
    try wall.prepare(&request, in: workspace)
    return request
  }

  func exec(_ execID: String, _ text: String, terminal: Bool = false, openStdin: Bool = false) throws -> ExecRequest {
    let process = workspace.plan(id, ["/bin/sh", "-c", text], terminal: terminal).process
    var request = ExecRequest(execID: execID, process: process, openStdin: openStdin)
    try wall.prepare(&request)
    return request
  }

  /// The `log` members of the json-file log.
  func logged(_ stream: String? = nil) throws -> [String] {
    let text = try String(contentsOfFile: workspace.logPath, encoding: .utf8)
    let lines = try text.split(separator: "\n").map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
    return lines.filter { stream == nil || $0["stream"] == stream }.compactMap { $0["log"] }
  }

  /// The exit code of the shim itself.
  func wait() -> Int32 {
    if let reapedCode { return reapedCode }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    reapedCode = Processes.exitCode(status)
    return reapedCode!
  }

  func openDescriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count }

  private static func spawn(_ arguments: [String], listener: Int32) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, listener, 3)
    var pid: pid_t = 0
    let list = CStringList(arguments)
    let failure = posix_spawn(&pid, binary, &actions, nil, list.pointer, environ)
    guard failure == 0 else { throw SystemError(failure, "start \(binary): build hull-shim or set HULL_BIN") }
    return pid
  }
}

/// Waits until a condition holds, for things the kernel does in its own time.
func eventually(_ what: String, seconds: Double = 10, _ condition: () throws -> Bool) throws {
  let deadline = Date().addingTimeInterval(seconds)
  while try !condition() {
    guard Date() < deadline else { throw HullError(.unavailable, "not within \(seconds) s: \(what)") }
    usleep(5_000)
  }
}

/// User and system time of a process in hundredths of a second.
func cpuTicks(_ pid: Int32) throws -> Int {
  let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
  let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
  return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
}
