// SPDX-License-Identifier: Apache-2.0

/// Progress on a terminal: a line for each step, redrawn as it moves, below running steps the last lines that they wrote.
final class TerminalBuildDisplay: BuildDisplay {
  private struct Step {
    var name: String
    var started: Int64?
    var finished: Int64?
    var isCached = false
    var error: String?
    var log = BuildLog()
    /// Parts in order, with how far they are.
    var parts: [(id: String, current: Double, total: Double)] = []
    var reason: String?

    var isRunning: Bool { started != nil && finished == nil }
  }

  private static let lastLines = 6
  private let size: () -> (rows: Int, columns: Int)
  private let write: (String) -> Void
  /// Nanoseconds since 1970.
  private let now: () -> Int64
  private let began: Int64
  private var steps: [Int: Step] = [:]
  /// In which they began.
  private var order: [Int] = []
  private var total = 0
  private var drawn = 0
  private var drawnAt: Int64 = 0
  private var isStale = true

  init(size: @escaping () -> (rows: Int, columns: Int), write: @escaping (String) -> Void, now: @escaping () -> Int64) {
    (self.size, self.write, self.now) = (size, write, now)
    began = now()
  }

  func show(_ news: BuildNews) {
    isStale = true
    switch news {
    case .planned(let all):
      for step in all where !step.isMetadata && steps[step.number] == nil {
        steps[step.number] = Step(name: step.name)
        total += 1
      }
    case .started(let number, let time): start(number, time)
    case .finished(let number, let time, let cached, let error):
      if steps[number]?.started == nil { start(number, time) }
      guard var step = steps[number] else { return }
      _ = step.log.finish(at: 0)
      (step.finished, step.isCached, step.error) = (time, cached, error)
      steps[number] = step
    case .output(let number, _, let bytes, let time):
      guard let began = steps[number]?.started else { return }
      _ = steps[number]?.log.add(bytes, at: Double(time - began) / 1e9)
    case .progress(let number, let id, let current, let total, _):
      let index = steps[number]?.parts.firstIndex { $0.id == id }
      if let index { steps[number]?.parts[index] = (id, current, total) } else { steps[number]?.parts.append((id, current, total)) }
    case .explained(let number, let reason): steps[number]?.reason = reason
    case .warning: break
    }
  }

  func tick() {
    let time = now()
    guard time - drawnAt >= 100_000_000, isStale || steps.values.contains(where: \.isRunning) else { return }
    draw(isFinal: false, title: "[+] Building")
  }

  func end(failed: Bool) {
    draw(isFinal: true, title: "[+] Building")
    (drawn, isStale) = (0, false)
  }

  private func start(_ number: Int, _ time: Int64) {
    guard var step = steps[number], !step.isRunning else { return }
    // One that was in a cache may have to be done after all.
    if step.started == nil { order.append(number) }
    (step.started, step.finished, step.isCached) = (time, nil, false)
    steps[number] = step
  }

  // MARK: Drawing

  private func draw(isFinal: Bool, title: String) {
    drawnAt = now()
    isStale = false
    let (rows, columns) = size()
    let done = steps.values.count { $0.finished != nil && $0.error == nil }
    let state = isFinal && done == total ? " FINISHED" : ""
    var lines = [Self.fitted("\(title) \(Self.seconds(drawnAt - began)) (\(done)/\(total))\(state)", "", columns)]
    for number in order { if let step = steps[number] { lines += self.lines(step, columns, isFinal: isFinal) } }
    if !isFinal, lines.count > rows - 1 {
      // The newest stay; the first line says how far it is.
      lines = [lines[0]] + lines.suffix(max(1, rows - 2))
    }
    var text = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
    for line in lines { text += "\r\u{1B}[2K\(line)\n" }
    if lines.count < drawn { text += "\u{1B}[0J" }
    drawn = isFinal ? 0 : lines.count
    write(text)
  }

  private func lines(_ step: Step, _ columns: Int, isFinal: Bool) -> [String] {
    let end = step.finished ?? drawnAt
    let mark = step.error == "context canceled" ? "CANCELED " : step.error != nil ? "ERROR " : step.isCached ? "CACHED " : ""
    var lines = [Self.fitted(" => \(mark)\(step.name)", Self.seconds(end - (step.started ?? end)), columns)]
    if let reason = step.reason { lines.append(Self.fitted(" => => not cached: \(reason)", "", columns)) }
    guard step.isRunning, !isFinal else { return lines }
    for part in step.parts where part.total == 0 || part.current < part.total {
      let numbers = part.total > 0 ? "\(Units.size(part.current)) / \(Units.size(part.total))" : Units.size(part.current)
      lines.append(Self.fitted(" => => \(part.id) \(numbers)", "", columns))
    }
    return lines + step.log.lines.suffix(Self.lastLines).map { Self.fitted(" => => # \(Self.plain($0))", "", columns) }
  }

  /// Without what would move the cursor.
  private static func plain(_ text: String) -> String {
    var result = ""
    var isEscape = false
    for scalar in text.unicodeScalars {
      if isEscape {
        isEscape = !(("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar))
      } else if scalar == "\u{1B}" {
        isEscape = true
      } else if scalar == "\t" {
        result += "  "
      } else if scalar.value >= 0x20, scalar.value != 0x7F {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A text at the left and one at the right of a line.
  private static func fitted(_ left: String, _ right: String, _ columns: Int) -> String {
    let room = max(10, columns - 1 - (right.isEmpty ? 0 : right.utf8.count + 1))
    let text = Text.ellipsis(left, room)
    return right.isEmpty ? text : Text.padded(text, room) + " " + right
  }

  private static func seconds(_ nanoseconds: Int64) -> String { "\(Units.format("%.1f", Double(max(0, nanoseconds)) / 1e9))s" }
}
