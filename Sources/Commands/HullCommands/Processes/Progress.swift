// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a long piece of work is doing, on standard error: one line that is rewritten on a terminal, a line for each step elsewhere.
final class Progress {
  private let rewrites = Terminal.isTerminal(2)
  private let begun = Progress.now
  private var shown = ""
  private var step = ""
  private var drawn = 0

  /// Milliseconds of the monotonic clock.
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  /// `12.3s` since the beginning.
  var elapsed: String { Units.format("%.1f", Double(Self.now - begun) / 1000) + "s" }

  /// A new step.
  func begin(_ step: String) {
    self.step = step
    if rewrites { draw() } else { Output.shared.error("\(step) (\(elapsed))") }
  }

  /// How many bytes have gone so far; shown ten times a second at most.
  func update(bytes: Int) {
    guard rewrites, Self.now - drawn >= 100 else { return }
    draw(" \(Units.size(Double(bytes), precision: 3))")
  }

  private func draw(_ detail: String = "") {
    drawn = Self.now
    let width = (Terminal.size(2)?.columns ?? 80) - 1
    let line = Text.ellipsis("\(step)\(detail) (\(elapsed))", width)
    _ = Output.writeAll(2, Array(("\r" + Text.padded(line, min(width, Text.width(shown)))).utf8))
    shown = line
  }

  /// The last line.
  func finish(_ text: String) {
    if rewrites { _ = Output.writeAll(2, Array(("\r" + String(repeating: " ", count: Text.width(shown)) + "\r").utf8)) }
    Output.shared.error("\(text) (\(elapsed))")
  }
}
