// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A program started by this one, with pipes to what it says.
final class ChildProcess {
  let pid: pid_t
  /// Read ends; -1 when that stream was not wanted.
  let output: Int32
  let errors: Int32
  private var status: Int32?

  /// What becomes of a stream of the child.
  enum Stream {
    case null, inherit, pipe
    case file(Int32)
  }

  /// Starts a program found in PATH. `newSession`: it lives on when this process's terminal goes.
  init(
    _ arguments: [String], input: Stream = .null, output outputKind: Stream = .inherit, errors errorKind: Stream = .inherit, newSession: Bool = false
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if newSession { posix_spawnattr_setflags(&attributes, GNU.spawnSession) }
    var closing: [Int32] = []
    defer { for descriptor in closing { close(descriptor) } }
    func arrange(_ kind: Stream, _ number: Int32) throws -> Int32 {
      switch kind {
      case .inherit: return -1
      case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      case .file(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, number)
      case .pipe:
        guard let ends = GNU.pipe() else { throw HullError(.internalError, "pipe: \(errorText())") }
        posix_spawn_file_actions_adddup2(&actions, ends.write, number)
        closing.append(ends.write)
        return ends.read
      }
      return -1
    }
    _ = try arrange(input, 0)
    output = try arrange(outputKind, 1)
    errors = try arrange(errorKind, 2)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, arguments[0], &actions, &attributes, &words, environ)
    pid = child
    guard code == 0 else {
      if output >= 0 { close(output) }
      if errors >= 0 { close(errors) }
      throw HullError(.commandNotFound, "cannot start \(arguments[0]): \(errorText(code))")
    }
  }

  /// The exit status when the child has ended; 128 + n after signal n.
  func poll() -> Int32? {
    if let status { return status }
    var raw: Int32 = 0
    guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
    status = Self.decoded(raw)
    return status
  }

  func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
    let decoded = Self.decoded(raw)
    status = decoded
    return decoded
  }

  private static func decoded(_ raw: Int32) -> Int32 { raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + raw & 0x7F }

  deinit {
    if output >= 0 { close(output) }
    if errors >= 0 { close(errors) }
  }

  /// Runs a program to its end; what it wrote to standard output.
  static func output(of arguments: [String]) throws -> String {
    let child = try ChildProcess(arguments, output: .pipe, errors: .null)
    let text = String(decoding: try Files.readAll(child.output, path: arguments[0]), as: UTF8.self)
    let status = child.wait()
    guard status == 0 else { throw HullError(.internalError, "\(arguments.joined(separator: " ")) failed with status \(status)") }
    return text
  }

  /// Where PATH has a program.
  static func find(_ name: String) -> String? {
    for directory in Text.split(Environment.value("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin", ":") + ["/usr/sbin", "/sbin"] where !directory.isEmpty {
      let path = "\(directory)/\(name)"
      if access(path, X_OK) == 0, !Files.isDirectory(path) { return path }
    }
    return nil
  }

  /// A program of Hull's: beside this one, else in PATH.
  static func findBesideOwn(_ name: String) -> String? {
    if let own = try? TreeArchive.target("/proc/self/exe") {
      let beside = "\(Paths.split(own).parent)/\(name)"
      if access(beside, X_OK) == 0 { return beside }
    }
    return find(name)
  }
}
