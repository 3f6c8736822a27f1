// SPDX-License-Identifier: Apache-2.0
import Dockerfile

/// Names steps for people: `[builder 2/5] RUN make`.
struct Numbering {
  private var names: [Int: String] = [:]
  private var totals: [Int: Int] = [:]
  private var reached: [Int: Int] = [:]
  private var all = 0
  private var given = 0

  /// - Parameters:
  ///   - stages: those that will be planned.
  ///   - fromNothing: indices of those that begin with no image: `FROM scratch` is no step.
  mutating func count(_ stages: [Stage], fromNothing: Set<Int>) {
    for stage in stages {
      names[stage.index] = stage.name ?? (stages.count > 1 ? "stage-\(stage.index)" : "")
      totals[stage.index] = (fromNothing.contains(stage.index) ? 0 : 1) + stage.instructions.count { Numbering.isCounted($0.command) }
      all += 1 + stage.instructions.count
    }
  }

  /// Whether an instruction is one of those that do something to the file system.
  static func isCounted(_ command: Command) -> Bool {
    switch command {
    case .run, .copy, .add, .workdir: true
    default: false
    }
  }

  func name(of stage: Stage) -> String { names[stage.index] ?? "" }

  /// The position of what was named last: triggers go with the `FROM` before them.
  var current: (Int, Int) { (given, max(all, given)) }

  /// The position among all instructions, from 1, and their number.
  mutating func next() -> (Int, Int) {
    given += 1
    return (given, max(all, given))
  }

  /// - Parameter platform: told when there are several.
  mutating func title(_ text: String, stage: Int, counted: Bool, platform: String?) -> String {
    guard counted else { return text }
    reached[stage, default: 0] += 1
    let total = max(totals[stage] ?? 1, reached[stage] ?? 1)
    let (number, all) = (String(reached[stage] ?? 1), String(total))
    let place = String(repeating: " ", count: max(0, all.utf8.count - number.utf8.count)) + "\(number)/\(all)"
    let words = [platform ?? "", names[stage] ?? "", place].filter { !$0.isEmpty }
    return "[\(words.joined(separator: " "))] \(text)"
  }
}
