// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// The hooks that run outside the container's making: poststart and poststop.
enum Hooks {
  /// Runs them in order; the first that fails ends it. Each gets the container's state on its standard input.
  static func run(_ hooks: [RuntimeSpec.Hook], _ name: String, state: RuntimeState) throws(HullError) {
    let text = try RuntimeJSON.encode(state)
    for (index, hook) in hooks.enumerated() {
      do throws(SystemError) {
        let code = try run(hook, input: text)
        guard code == 0 else { throw SystemError(EIO, "exit status \(code)") }
      } catch {
        throw HullError(.internalError, "error running \(name) hook #\(index) \(hook.path): \(error.operation): \(error.reason)")
      }
    }
  }

  private static func run(_ hook: RuntimeSpec.Hook, input: [UInt8]) throws(SystemError) -> Int32 {
    let file = try Descriptors.memoryFile(name: "state", bytes: input)
    let pid = try Subprocess.start(hook.path, hook.args ?? [hook.path], environment: hook.env ?? [], stdin: file.number, stdout: 2, stderr: 2)
    let pidfd = try Processes.pidfd(pid)
    if let timeout = hook.timeout, !(try Descriptors.waitReadable(pidfd.number, milliseconds: Int32(clamping: timeout * 1000))) {
      try? Processes.signal(pidfd.number, SIGKILL)
      try Processes.reap(pid)
      throw SystemError(ETIMEDOUT, "after \(timeout) s")
    }
    return try Processes.reap(pid)
  }
}
