// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import Launch
import LinuxSystem
import ShimProtocol

/// Runs an OCI runtime's command and waits for it.
struct RuntimeCommand {
  /// A command that takes longer hangs.
  private static let patienceMilliseconds: Int32 = 120_000

  /// The program's file name, for messages.
  let name: String
  private let path: String
  private let global: [String]
  private let log: String

  /// Errors are read from `log`, which the runtime writes.
  init(_ runtime: CommandRuntime, log: String) {
    path = runtime.path
    name = runtime.path.split(separator: "/").last.map(String.init) ?? runtime.path
    global = runtime.arguments + ["--root", runtime.root, "--log", log, "--log-format", "json"]
    self.log = log
  }

  /// Throws what the runtime says when it fails.
  func run(_ arguments: [String], stdio: StdioDescriptors = StdioDescriptors(stdin: -1, stdout: -1, stderr: -1)) throws(HullError) {
    unlink(log)
    defer { unlink(log) }
    let code = try step("cannot run \(name)") { () throws(SystemError) in
      let pid = try Subprocess.start(
        path, [path] + global + arguments, environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        stdin: stdio.stdin, stdout: stdio.stdout, stderr: stdio.stderr)
      try stopIfHanging(pid)
      return try Processes.reap(pid)
    }
    guard code == 0 else { throw failure(arguments[0], code) }
  }

  private func stopIfHanging(_ pid: Int32) throws(SystemError) {
    let descriptor = try Processes.pidfd(pid)
    var waiting = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    if poll(&waiting, 1, RuntimeCommand.patienceMilliseconds) == 0 { kill(pid, SIGKILL) }
  }

  private func failure(_ verb: String, _ code: Int32) -> HullError {
    guard let reason = (try? Files.read(log)).flatMap(RuntimeLog.lastError) else {
      return HullError(.internalError, "\(name) \(verb) ended with exit code \(code)")
    }
    return HullError(RuntimeLog.code(of: reason), "\(name) \(verb) failed: \(reason)")
  }
}

/// What runc and crun write with `--log-format json`: one object a line, with `level` and `msg`.
enum RuntimeLog {
  /// The message of the last line that is an error.
  static func lastError(in log: [UInt8]) -> String? {
    for line in log.split(separator: 0x0A).reversed() where position(of: "\"error\"", in: line) != nil {
      guard let key = position(of: "\"msg\":", in: line) else { continue }
      return string(line[(key + 6)...].drop { $0 == 0x20 })
    }
    return nil
  }

  /// What kind of failure a message tells of: whether the command to run was missing or not executable decides the client's exit code.
  static func code(of message: String) -> HullError.Code {
    let bytes = Array(message.utf8)[...]
    guard position(of: "exec", in: bytes) != nil else { return .internalError }
    if position(of: "executable file not found", in: bytes) != nil { return .commandNotFound }
    if position(of: "no such file or directory", in: bytes) != nil { return .commandNotFound }
    if position(of: "ermission denied", in: bytes) != nil { return .commandNotExecutable }
    if position(of: "is a directory", in: bytes) != nil { return .commandNotExecutable }
    return .internalError
  }

  private static func position(of text: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
    let found = bytes.withUnsafeBytes { hull_find($0.baseAddress, $0.count, text.utf8Start, text.utf8CodeUnitCount) }
    return found < 0 ? nil : bytes.startIndex + found
  }

  /// The JSON string at the start of `bytes`.
  private static func string(_ bytes: ArraySlice<UInt8>) -> String? {
    var rest = bytes
    guard rest.popFirst() == 0x22 else { return nil }
    var text: [UInt8] = []
    while let byte = rest.popFirst(), byte != 0x22 {
      guard byte == 0x5C, let escaped = rest.popFirst() else {
        text.append(byte)
        continue
      }
      switch escaped {
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "u"):
        let digits = String(decoding: rest.prefix(4), as: UTF8.self)
        rest = rest.dropFirst(4)
        let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
        text.append(contentsOf: Array(String(Character(scalar)).utf8))
      default: text.append(escaped)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
