// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `hull system start`
enum SystemStart {
  static let command = Command(
    name: "start", summary: "Start hulld in the background", details: "Words behind -- are passed on to hulld.",
    usage: "[OPTIONS] [-- HULLD_OPTION...]", arguments: .any,
    flags: {
      DaemonPlace.flags + [
        .string("root", "Directory of images, containers and volumes", initial: "/var/lib/hull"),
        .string("log-file", "Where hulld writes its log", initial: "/var/log/hulld.log"),
        .int("timeout", "Seconds to wait until hulld answers", initial: 30),
      ]
    }, run: run)

  @Sendable private static func run(_ call: Invocation) throws -> Int32 {
    let place = try DaemonPlace(call)
    if place.answers() {
      call.out.line("hulld is already running at \(place.endpoint.description)" + (place.process().map { " (pid \($0))" } ?? ""))
      return 0
    }
    guard getuid() == 0 else { throw HullError(.forbidden, "hulld needs root: run 'hull system start' as root") }
    guard let program = ChildProcess.findBesideOwn("hulld") else {
      throw HullError(.notFound, "hulld is neither beside hull nor in PATH: build it with 'make build'")
    }
    let log = call.string("log-file")
    let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw FileError(path: log, verb: "open", code: errno) }
    defer { close(descriptor) }
    let before = lseek(descriptor, 0, Int32(SEEK_END))
    mkdir(place.state, 0o711)
    let words = [program, "--root", call.string("root"), "--state", place.state, "--host", place.endpoint.description, "--pidfile", place.pidFile]
    let child = try ChildProcess(words + call.arguments, output: .file(descriptor), errors: .file(descriptor), newSession: true)
    try wait(for: child, place, seconds: call.int("timeout"), log: log, from: Int(before))
    call.out.line("hulld is running at \(place.endpoint.description) (pid \(child.pid), log \(log))")
    return 0
  }

  private static func wait(for child: ChildProcess, _ place: DaemonPlace, seconds: Int, log: String, from offset: Int) throws {
    for _ in 0..<max(1, seconds * 100) {
      if place.answers() { return }
      if let status = child.poll() {
        let said = (try? Files.read(log)).map { String(decoding: $0.dropFirst(offset), as: UTF8.self).split(separator: "\n").suffix(5) } ?? []
        throw HullError(.internalError, "hulld ended with status \(status):\n\(said.joined(separator: "\n"))\n(log: \(log))")
      }
      usleep(10_000)
    }
    throw HullError(.unavailable, "hulld (pid \(child.pid)) does not answer at \(place.endpoint.description) after \(seconds) s; its log is \(log)")
  }
}
