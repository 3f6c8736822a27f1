// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc

/// Starts shims and reaps those that this daemon has started.
struct ShimProcess: Sendable {
  let pid: pid_t

  /// Makes the run directory with its socket and starts a shim that listens there. It inherits nothing but that socket. Blocking.
  static func spawn(program: String, id: String, run: String) throws(HullError) -> ShimProcess {
    try HostFiles.makeDirectories(run, mode: 0o700)
    let listener = try ShimSocket.listen(in: run)
    defer { close(listener) }
    return ShimProcess(pid: try start(program, ["hull-shim", "--id", id, "--run-dir", run], listener: listener, log: run + "/" + logName))
  }

  /// What a shim says when it fails in a way that it cannot answer with.
  static let logName = "shim.log"

  /// Waits for the end of a shim that has closed its connection. Blocking, but not for long. One that is not a child of this daemon is not waited for.
  func reap() {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
  }

  private static func start(_ program: String, _ arguments: [String], listener: Int32, log: String) throws(HullError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The listener first: dup2 to a higher number would be undone by the opens that follow.
    posix_spawn_file_actions_adddup2(&actions, listener, 3)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    hull_spawn_close_from(&actions, 4)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), nil]
    defer { free(environment[0]) }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, program, &actions, &attributes, &argv, &environment)
    guard result == 0 else {
      throw HullError(.internalError, "cannot start \(program): \(String(cString: strerror(result))): is hull-shim installed beside hulld?")
    }
    return pid
  }
}
