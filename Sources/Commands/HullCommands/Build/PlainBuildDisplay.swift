// SPDX-License-Identifier: Apache-2.0

/// Progress as lines that stay: `#5 [2/5] RUN …`, `#5 0.123 output`, `#5 DONE 0.4s`, as BuildKit's clients print it.
final class PlainBuildDisplay: BuildDisplay {
  private struct Step {
    var name: String
    /// As it is shown: given when the step is first spoken of.
    var label = 0
    var started: Int64 = 0
    var isDone = false
    var log = BuildLog()
    var parts: Set<String> = []
  }

  private let write: (String) -> Void
  private var steps: [Int: Step] = [:]
  private var labels = 0
  /// The step that was spoken of last.
  private var current: Int?

  /// - Parameter write: takes whole lines.
  init(write: @escaping (String) -> Void) { self.write = write }

  func show(_ news: BuildNews) {
    switch news {
    case .planned(let all): for step in all where steps[step.number] == nil { steps[step.number] = Step(name: step.name) }
    case .started(let number, let time): start(number, time)
    case .finished(let number, let time, let cached, let error): finish(number, time, cached, error)
    case .output(let number, _, let bytes, let time):
      guard var step = steps[number] else { return }
      let lines = step.log.add(bytes, at: seconds(step, time))
      steps[number] = step
      for line in lines { say(number, line) }
    case .progress(let number, let id, _, let total, let isDone):
      guard isDone, steps[number]?.parts.insert(id).inserted == true else { return }
      say(number, total > 0 ? "\(id) \(Units.size(total)) done" : "\(id) done")
    case .warning(let warning): write("WARNING: \(BuildWarningText.line(warning))\n")
    case .explained(let number, let reason): say(number, "not cached: \(reason)")
    }
  }

  func tick() {}

  func end(failed: Bool) {
    if current != nil { write("\n") }
    current = nil
  }

  private func start(_ number: Int, _ time: Int64) {
    steps[number]?.started = time
    // One that was in a cache may have to be done after all.
    steps[number]?.isDone = false
    turn(to: number)
  }

  private func finish(_ number: Int, _ time: Int64, _ cached: Bool, _ error: String?) {
    guard var step = steps[number], !step.isDone else { return }
    for line in step.log.finish(at: seconds(step, time)) { say(number, line) }
    step.isDone = true
    step.label = steps[number]?.label ?? 0
    steps[number] = step
    if error == "context canceled" {
      say(number, "CANCELED")
    } else if let error {
      say(number, "ERROR: \(error)")
    } else {
      say(number, cached ? "CACHED" : "DONE \(Units.format("%.1f", step.started > 0 ? seconds(step, time) : 0))s")
    }
    write("\n")
    current = nil
  }

  private func say(_ number: Int, _ text: String) {
    turn(to: number)
    write("#\(steps[number]?.label ?? 0) \(text)\n")
  }

  /// From here on it is this step that is spoken of.
  private func turn(to number: Int) {
    guard current != number, var step = steps[number] else { return }
    if let current, let last = steps[current], !last.isDone { write("#\(last.label) ...\n\n") }
    if step.label == 0 {
      labels += 1
      step.label = labels
      steps[number] = step
    }
    write("#\(step.label) \(step.name)\n")
    current = number
  }

  private func seconds(_ step: Step, _ time: Int64) -> Double { Double(time - step.started) / 1e9 }
}

/// A finding of the build checks in a line.
enum BuildWarningText {
  static func line(_ warning: BuildNews.Warning) -> String {
    let place = warning.line > 0 ? " (line \(warning.line))" : ""
    return warning.rule.isEmpty ? warning.message + place : "\(warning.rule): \(warning.message)\(place)"
  }
}
