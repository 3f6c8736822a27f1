// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Signals by name and number.
enum Signals {
  /// `9`, `KILL`, `SIGKILL`, `sigkill`, `RTMIN+3`.
  static func number(_ text: String) throws(HullError) -> Int32 {
    if let number = Int32(text), (0...64).contains(number) { return number }
    let upper = text.uppercased()
    let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
    if let index = names.firstIndex(of: name), index > 0 { return Int32(index) }
    if let number = aliases[name] { return number }
    if name.hasPrefix("RTMIN"), let number = offset(name.dropFirst(5)), (0...30).contains(number) { return 34 + number }
    if name.hasPrefix("RTMAX"), let number = offset(name.dropFirst(5)), (-30...0).contains(number) { return 64 + number }
    throw HullError(.invalidArgument, "unknown signal \"\(text)\"")
  }

  private static func offset(_ text: Substring) -> Int32? { text.isEmpty ? 0 : Int32(text) }

  private static let aliases: [String: Int32] = ["IOT": 6, "POLL": 29, "CLD": 17, "UNUSED": 31]

  /// In the order of their numbers.
  private static let names = [
    "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
    "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
  ]
}
