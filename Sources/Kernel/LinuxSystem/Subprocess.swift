// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Another program, started with posix_spawn(3): safe from a process with many threads.
package enum Subprocess {
  /// Starts `path` with a clean signal state and these three descriptors (-1: `/dev/null`); everything else that is open and not
  /// close-on-exec is inherited. The caller reaps the process.
  /// - Parameter leadsGroup: it gets a process group of its own, of its number, to be ended with all that it starts.
  package static func start(
    _ path: String, _ arguments: [String], environment: [String], stdin: Int32 = -1, stdout: Int32 = -1, stderr: Int32 = -1,
    leadsGroup: Bool = false
  ) throws(SystemError) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (target, fd) in [(Int32(0), stdin), (1, stdout), (2, stderr)] {
      if fd < 0 {
        posix_spawn_file_actions_addopen(&actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0)
      } else {
        posix_spawn_file_actions_adddup2(&actions, fd, target)
      }
    }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (leadsGroup ? POSIX_SPAWN_SETPGROUP : 0)))
    var pid: pid_t = 0
    let argumentList = CStringList(arguments)
    let environmentList = CStringList(environment)
    let failure = posix_spawn(&pid, path, &actions, &attributes, argumentList.pointer, environmentList.pointer)
    if failure != 0 { throw SystemError(failure, "exec \(path)") }
    return pid
  }
}

/// A null-terminated array of C strings, as execve(2) wants it.
package struct CStringList: ~Copyable {
  package let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  package init(_ strings: [String]) {
    count = strings.count
    pointer = .allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { pointer[index] = strdup(string) }
    pointer[count] = nil
  }

  deinit {
    for index in 0..<count { free(pointer[index]) }
    pointer.deallocate()
  }
}
