// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Runs OCI hooks one after the other, in the namespaces of the caller, each with the container's state on its standard input.
package struct HookRunner {
  private let id: String
  private let bundle: String
  private let annotations: [Setting]

  package init(id: String, bundle: String, annotations: [Setting]) {
    self.id = id
    self.bundle = bundle
    self.annotations = annotations
  }

  init(plan: LaunchPlan) { self.init(id: plan.id, bundle: plan.hooks.bundle, annotations: plan.hooks.annotations) }

  /// The first hook that fails or takes too long ends the run.
  package func run(_ hooks: [HookPlan.Hook], pid: Int32, status: String) throws(HullError) {
    for hook in hooks { try run(hook, state: state(pid: pid, status: status)) }
  }

  /// The state as in the runtime specification (runtime.md, State).
  package func state(pid: Int32, status: String) -> String {
    let notes = annotations.map { "\(Self.quoted($0.name)):\(Self.quoted($0.value))" }.joined(separator: ",")
    return "{\"ociVersion\":\"1.2.0\",\"id\":\(Self.quoted(id)),\"status\":\"\(status)\",\"pid\":\(pid),\"bundle\":\(Self.quoted(bundle)),"
      + "\"annotations\":{\(notes)}}"
  }

  private func run(_ hook: HookPlan.Hook, state: String) throws(HullError) {
    let name = "hook \(hook.path) of \(id)"
    let (input, output) = try step(name) { () throws(SystemError) in
      let input = try Descriptors.memoryFile(name: "state", bytes: Array(state.utf8)).take()
      return (input, try Descriptors.pipe())
    }
    defer { close(output.first) }
    let started = Result { () throws(SystemError) in
      try Subprocess.start(
        hook.path, hook.arguments.isEmpty ? [hook.path] : hook.arguments, environment: hook.environment, stdin: input, stdout: output.second,
        stderr: output.second)
    }
    close(input)
    close(output.second)
    let pid = try step(name) { () throws(SystemError) in try started.get() }
    let words = try finish(pid, output: output.first, timeout: hook.timeout, name)
    let code = try step(name) { () throws(SystemError) in try Processes.reap(pid) }
    guard code == 0 else { throw HullError(.internalError, "\(name) failed with exit code \(code)\(words.isEmpty ? "" : ": \(words)")") }
  }

  /// Reads what the hook says until it has ended; a grandchild that keeps the pipe is not waited for.
  private func finish(_ pid: Int32, output: Int32, timeout: Int32?, _ name: String) throws(HullError) -> String {
    let ended = try step(name) { () throws(SystemError) in try Processes.pidfd(pid).take() }
    defer { close(ended) }
    let deadline = timeout.flatMap { $0 > 0 ? Self.now() + Int64($0) * 1000 : nil }
    var said: [UInt8] = []
    var entries = [pollfd(fd: ended, events: Int16(POLLIN), revents: 0), pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
    while true {
      let left = deadline.map { max(0, $0 - Self.now()) } ?? -1
      if left == 0 || poll(&entries, 2, Int32(clamping: left)) == 0 {
        kill(pid, SIGKILL)
        _ = try? Processes.reap(pid)
        throw HullError(.internalError, "\(name) ran longer than \(timeout ?? 0) seconds and was killed")
      }
      if entries[1].revents != 0 && !Self.drain(output, into: &said) { entries[1].fd = -1 }
      if entries[0].revents != 0 { return Self.text(said) }
    }
  }

  /// `false` at the end of the pipe.
  private static func drain(_ fd: Int32, into said: inout [UInt8]) -> Bool {
    var block = [UInt8](repeating: 0, count: 4096)
    let count = block.withUnsafeMutableBytes { read(fd, $0.baseAddress, $0.count) }
    if count > 0 { said = (said + block[..<count]).suffix(4096) }
    return count > 0
  }

  private static func text(_ bytes: [UInt8]) -> String {
    var bytes = bytes
    while let last = bytes.last, last == 0x0a { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
