// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Signals by name and number, as clients write them.
enum Signals {
  /// Parses `9`, `KILL` or `SIGKILL`. Throws `invalidArgument` in Docker's words.
  static func parse(_ text: String) throws(HullError) -> Int32 {
    if let number = Int32(text) {
      guard (1...64).contains(number) else { throw HullError(.invalidArgument, "invalid signal: \(text)") }
      return number
    }
    var name = text.uppercased()
    if name.hasPrefix("SIG") { name.removeFirst(3) }
    if let number = numbers[name] { return number }
    if let number = realtime(name) { return number }
    throw HullError(.invalidArgument, "invalid signal: \(text)")
  }

  /// `RTMIN`, `RTMIN+3`, `RTMAX-2`: C libraries keep the first two of the kernel's real-time signals for themselves.
  private static func realtime(_ name: String) -> Int32? {
    if name == "RTMIN" { return 34 }
    if name == "RTMAX" { return 64 }
    if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), (1...15).contains(offset) { return 34 + offset }
    if name.hasPrefix("RTMAX-"), let offset = Int32(name.dropFirst(6)), (1...14).contains(offset) { return 64 - offset }
    return nil
  }

  private static let numbers: [String: Int32] = [
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
    "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23,
    "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
  ]
}
