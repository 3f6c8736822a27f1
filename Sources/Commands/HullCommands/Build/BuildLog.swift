// SPDX-License-Identifier: Apache-2.0

/// The end of what a step has written, by lines, with the time of each since the step began.
struct BuildLog {
  private static let mostLines = 200
  private static let longestLine = 64 << 10
  private var pending: [UInt8] = []
  private(set) var lines: [String] = []

  /// Takes bytes and gives the lines that are whole with them.
  /// - Parameter seconds: since the step began.
  mutating func add(_ bytes: [UInt8], at seconds: Double) -> [String] {
    let old = pending.count
    pending += bytes
    var fresh: [String] = []
    var start = 0
    for end in old..<pending.count where pending[end] == 0x0A || end - start >= Self.longestLine {
      fresh.append(Self.line(pending[start..<end], seconds))
      start = pending[end] == 0x0A ? end + 1 : end
    }
    pending.removeFirst(start)
    keep(fresh)
    return fresh
  }

  /// What is left without a newline, when the step has ended.
  mutating func finish(at seconds: Double) -> [String] {
    guard !pending.isEmpty else { return [] }
    let last = [Self.line(pending[...], seconds)]
    pending = []
    keep(last)
    return last
  }

  private mutating func keep(_ fresh: [String]) {
    lines += fresh
    if lines.count > 2 * Self.mostLines { lines.removeFirst(lines.count - Self.mostLines) }
  }

  /// Of a line that was written over with carriage returns, the last version.
  private static func line(_ bytes: ArraySlice<UInt8>, _ seconds: Double) -> String {
    let trimmed = bytes.last == 0x0D ? bytes.dropLast() : bytes
    let shown = trimmed.lastIndex(of: 0x0D).map { trimmed[($0 + 1)...] } ?? trimmed
    return "\(Units.format("%.3f", max(0, seconds))) \(String(decoding: shown, as: UTF8.self))"
  }
}
