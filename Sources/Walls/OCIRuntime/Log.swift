// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec

/// Messages in the form of runc's, that container engines read: on standard error, or in a file as text or JSON lines.
struct Log: Sendable {
  var isJSON = false
  var isVerbose = false
  /// Standard error, or the log file.
  private var descriptor: Int32 = 2

  mutating func open(_ path: String) throws(HullError) {
    descriptor = try system { () throws(SystemError) in try Files.open(path, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644).take() }
  }

  func debug(_ message: @autoclosure () -> String) { if isVerbose { write("debug", message()) } }
  func warning(_ message: String) { write("warning", message) }

  /// What a launch has to say. Of a detached process our standard error is the workload's own: only a log file gets it then.
  func launch(_ warnings: [String], detached: Bool) {
    if descriptor != 2 || !detached || isVerbose { warnings.forEach(warning) }
  }

  /// An error that ends the program: in the log and, when that is a file, on standard error too.
  func fatal(_ message: String) {
    write("error", message)
    if descriptor != 2 { StateFiles.print(Array((message + "\n").utf8), to: 2) }
  }

  private func write(_ level: String, _ message: String) {
    let line: [UInt8]
    if isJSON {
      let members: [JSONValue.Member] = [
        .init("level", .string(level)), .init("msg", .string(message)), .init("time", .string(Clock.now(precise: false))),
      ]
      line = JSONValue.object(members).text()
    } else {
      let quoted = JSONValue.string(message).text()
      line = Array("time=\"\(Clock.now(precise: false))\" level=\(level) msg=".utf8) + quoted
    }
    StateFiles.print(line + [UInt8(ascii: "\n")], to: descriptor)
  }
}

enum Clock {
  /// The time in RFC 3339, UTC; `precise`: with nanoseconds.
  static func now(precise: Bool) -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    func padded(_ number: Int32, _ width: Int = 2) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    let clock = "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))"
    return "\(date)T\(clock)" + (precise ? "." + padded(Int32(time.tv_nsec), 9) : "") + "Z"
  }
}
