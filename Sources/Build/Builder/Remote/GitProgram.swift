// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Synchronization
import Threads

/// The host's `git`, without anything of the host's: a directory of its own is home and repository, and only what is given here gets through.
struct GitProgram: Sendable {
  let place: String
  let address: GitAddress
  let access: GitSource.Access

  private static let program = "/usr/bin/git"
  private static let mostOutput = 256 << 10

  /// Without keys of the host's own. A server's key is compared with those that the host knows in /etc/ssh; one that it does not know is taken, as BuildKit
  /// does, which asks the server itself.
  private static let secureShell =
    "ssh -F /dev/null -o BatchMode=yes -o IdentityFile=none -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"

  /// Settings by environment: those in arguments could be seen by everybody on the host.
  private var settings: [(String, String)] {
    var settings = [
      ("core.hooksPath", "/dev/null"), ("gc.auto", "0"), ("http.lowSpeedLimit", "1"),
      ("http.lowSpeedTime", "60"), ("credential.helper", ""), ("core.fsmonitor", "false"), ("advice.detachedHead", "false"),
      ("submodule.recurse", "false"), ("transfer.fsckObjects", "true"), ("core.logAllRefUpdates", "false"),
    ]
    // For this host alone: not for where it redirects to, nor for submodules that lie elsewhere.
    if let scope = address.webScope, let value = authorization { settings.append(("http.\(scope).extraHeader", "Authorization: \(value)")) }
    return settings
  }

  private var authorization: String? {
    access.header ?? access.token.map { "basic \(Base64.encode(Array("x-access-token:\($0)".utf8)))" }
  }

  /// As git itself passes on what it was given with `-c`, to what it starts for submodules, too.
  private var parameters: String {
    func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
    return settings.map { "\(quoted($0.0))=\(quoted($0.1))" }.joined(separator: " ")
  }

  private var environment: [String] {
    var variables = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(place)", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false", "SSH_ASKPASS=/bin/false", "GIT_LFS_SKIP_SMUDGE=1",
      "GIT_SSH_COMMAND=\(GitProgram.secureShell)", "GIT_CEILING_DIRECTORIES=\(place)", "GIT_ALLOW_PROTOCOL=https:http:git:ssh",
      "GIT_CONFIG_PARAMETERS=\(parameters)",
    ]
    if let agent = access.agent { variables.append("SSH_AUTH_SOCK=\(agent)") }
    return variables
  }

  /// Runs a command of git in the repository and gives what it prints. Cancelling ends it.
  @discardableResult
  func run(_ arguments: [String]) async throws -> String {
    guard access.token.map({ !$0.contains("\n") }) ?? true, access.header.map({ !$0.contains("\n") }) ?? true else {
      throw HullError(.invalidArgument, "the secret for \(address.shown) has more than one line")
    }
    let (words, environment) = (["git", "-C", place] + arguments, environment)
    let running = RunningProgram()
    let (status, output) = try await withTaskCancellationHandler {
      try await Blocking.stream { try running.run(Self.program, words, environment: environment, limit: Self.mostOutput) }
    } onCancel: {
      running.stop()
    }
    try Task.checkCancellation()
    let text = String(decoding: output, as: UTF8.self)
    guard status == 0 else { throw failure(arguments[0], text) }
    return text
  }

  private func failure(_ command: String, _ output: String) -> HullError {
    let said = output.split(separator: "\n").map { $0.hasPrefix("fatal: ") ? $0.dropFirst(7) : $0 }.filter { !$0.isEmpty }
    let reason = said.isEmpty ? "it said nothing" : said.suffix(4).joined(separator: "; ")
    if output.contains("Permission denied (publickey"), access.agent == nil {
      return HullError(.invalidArgument, "git \(command) of \(address.shown): \(reason): pass an SSH agent with --ssh default")
    }
    if output.contains("could not read Username") || output.contains("Authentication failed"), authorization == nil {
      let hint = "pass a token with --secret id=GIT_AUTH_TOKEN,src=FILE"
      return HullError(.invalidArgument, "git \(command) of \(address.shown): \(reason): \(hint)")
    }
    let missing = [
      "couldn't find remote ref", "not found", "does not appear to be a git repository", "not our ref", "pathspec", "not a tree",
      "unable to read tree",
    ]
    let unreachable = ["Could not resolve", "unable to access", "unable to connect", "Connection", "timed out", "early EOF", "hung up"]
    if missing.contains(where: { output.contains($0) }) { return HullError(.notFound, "git \(command) of \(address.shown): \(reason)") }
    let code: HullError.Code = unreachable.contains { output.contains($0) } ? .unavailable : .invalidArgument
    return HullError(code, "git \(command) of \(address.shown): \(reason)")
  }
}

/// A program while it runs, which somebody else may end.
private final class RunningProgram: Sendable {
  private enum State {
    case waiting
    case running(Int32)
    case ended
  }

  private static let patience = Duration.seconds(5)
  private let state = Mutex(State.waiting)

  /// Gives the exit status and the beginning of what was printed on both streams. Blocking.
  func run(_ path: String, _ arguments: [String], environment: [String], limit: Int) throws(HullError) -> (Int32, [UInt8]) {
    let pipe = try step("cannot run \(path)") { () throws(SystemError) in try Descriptors.pipe() }
    let reading = OwnedDescriptor(pipe.first)
    let pid: Int32
    do {
      let writing = OwnedDescriptor(pipe.second)
      do {
        pid = try Subprocess.start(path, arguments, environment: environment, stdout: writing.number, stderr: writing.number, leadsGroup: true)
      } catch {
        throw HullError("cannot run \(path): builds from Git repositories need the program git", error, code: .unavailable)
      }
    }
    let isCancelled = state.withLock { state in
      defer { state = .running(pid) }
      if case .ended = state { return true }
      return false
    }
    if isCancelled { stop() }
    let output = Self.read(reading.number, limit: limit)
    return (reap(pid), output)
  }

  /// Ends it with all that it has started: asks first.
  func stop() {
    signal(SIGTERM)
    Task {
      try await Task.sleep(for: Self.patience)
      signal(SIGKILL)
    }
  }

  private func signal(_ number: Int32) {
    state.withLock { state in
      if case .running(let pid) = state { kill(-pid, number) }
      if case .waiting = state { state = .ended }
    }
  }

  private static func read(_ descriptor: Int32, limit: Int) -> [UInt8] {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return output }
      if output.count < limit { output += buffer[..<count] }
    }
  }

  /// Within the lock, so that no other process of that number is ever ended.
  private func reap(_ pid: Int32) -> Int32 {
    var information = siginfo_t()
    while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    return state.withLock { state in
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      state = .ended
      return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }
  }
}
