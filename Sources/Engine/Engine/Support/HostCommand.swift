// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc

/// Runs a program of the host and collects what it prints. Blocking.
enum HostCommand {
  /// Gives the exit status and standard output with standard error. Throws `notFound` when there is no such program.
  static func run(_ arguments: [String]) throws(HullError) -> (status: Int32, output: String) {
    var pipe: [Int32] = [-1, -1]
    guard hull_pipe2(&pipe, O_CLOEXEC) == 0 else { throw HostFiles.failure("make a pipe for", arguments[0]) }
    defer { close(pipe[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 2)
    hull_spawn_close_from(&actions, 3)
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var pid: pid_t = 0
    let result = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, environ)
    close(pipe[1])
    guard result == 0 else { throw HullError(.notFound, "cannot run \(arguments[0]): \(String(cString: strerror(result)))") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = read(pipe[0], &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      output.append(contentsOf: buffer[..<count])
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return (status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F, String(decoding: output, as: UTF8.self))
  }
}
