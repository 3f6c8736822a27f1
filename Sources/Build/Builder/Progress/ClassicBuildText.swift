// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// The text that Docker's first builder prints, out of the events of a graph: clients that know no other parse it.
///
/// Steps that run at once are told one after the other, in the order of the instructions: the first that is not finished is told as it happens, what later
/// ones say waits. For one thread at a time. A step's `result` comes before its `finished`.
package struct ClassicBuildText {
  package enum Line: Equatable, Sendable {
    /// Text, with its newlines.
    case text(String)
    /// What a command wrote to its standard error.
    case errorText(String)
    /// A part of a step, such as a layer that is pulled.
    case progress(id: String, current: Int64, total: Int64, isDone: Bool)
  }

  private struct Step {
    var vertex: BuildVertex
    var hasBegun = false
    var isRunning = false
    var result: String?
    var waiting: [BuildEvent] = []
    var isFinished = false

    var word: String { vertex.instruction.prefix { $0 != " " && $0 != "\t" }.uppercased() }
    /// Twelve digits that stand for the container in which the step runs.
    var container: String { String(vertex.id.hex.prefix(12)) }
  }

  /// Whether containers that are removed are told (`rm`, `forcerm`).
  private let removesContainers: Bool
  private var steps: [Digest: Step] = [:]
  /// IDs by position, of those that are not told to their end.
  private var pending: [Digest] = []
  private var failed: Digest?
  /// Output that has been left out because nobody could take it in time would have to wait without a limit.
  private var waitingBytes = 0

  private static let mostWaiting = 8 << 20

  package init(removesContainers: Bool) { self.removesContainers = removesContainers }

  /// What an event adds to the text.
  package mutating func add(_ event: BuildEvent) -> [Line] {
    switch event {
    case .planned(let vertices):
      for vertex in vertices { insert(vertex) }
      return []
    case .started(let id, _), .finished(let id, _, _, _), .output(let id, _, _, _), .progress(let id, _, _, _, _, _), .result(let id, _):
      guard steps[id] != nil else { return [] }
      hold(event, of: id)
      return tell()
    case .warning(_, let warning):
      // Findings of the build checks have a rule; the first builder had none.
      return warning.rule.isEmpty ? [.text("[Warning] \(warning.message)\n")] : []
    case .explained: return []
    }
  }

  /// What is left to be told when a build has failed: everything up to the step that failed.
  package mutating func fail() -> [Line] {
    guard let failed, let last = steps[failed]?.vertex.step else { return [] }
    var lines: [Line] = []
    for id in pending where steps[id].map({ $0.vertex.step <= last && ($0.hasBegun || !$0.waiting.isEmpty) }) ?? false {
      lines += release(id)
    }
    pending = []
    return lines
  }

  /// What is left to be told when a build has succeeded.
  /// - Parameters:
  ///   - image: the image's ID, with its algorithm.
  ///   - tags: as people write them.
  package mutating func succeed(image: String?, tags: [String]) -> [Line] {
    var lines: [Line] = []
    for id in pending where steps[id].map({ $0.hasBegun || !$0.waiting.isEmpty }) ?? false { lines += release(id) }
    pending = []
    if let image { lines.append(.text("Successfully built \(Self.short(image))\n")) }
    return lines + tags.map { .text("Successfully tagged \($0)\n") }
  }

  // MARK: Order

  private mutating func insert(_ vertex: BuildVertex) {
    guard vertex.step > 0, steps[vertex.id] == nil else { return }
    steps[vertex.id] = Step(vertex: vertex)
    let place = pending.firstIndex { (steps[$0]?.vertex.step ?? 0) > vertex.step } ?? pending.endIndex
    pending.insert(vertex.id, at: place)
  }

  private mutating func hold(_ event: BuildEvent, of id: Digest) {
    if case .finished(_, _, _, .some) = event, failed == nil { failed = id }
    if case .output(_, _, let bytes, _) = event, pending.first != id {
      guard waitingBytes + bytes.count <= Self.mostWaiting else { return }
      waitingBytes += bytes.count
    }
    steps[id]?.waiting.append(event)
  }

  private mutating func tell() -> [Line] {
    var lines: [Line] = []
    while let first = pending.first {
      lines += release(first)
      guard let step = steps[first], step.isFinished else { break }
      pending.removeFirst()
      if step.word == "FROM" { lines += triggers() }
    }
    return lines
  }

  /// What follows a `FROM` whose image has triggers.
  private func triggers() -> [Line] {
    let count = pending.prefix { steps[$0]?.vertex.isTrigger == true }.count
    return count == 0 ? [] : [.text("# Executing \(count) build trigger\(count == 1 ? "" : "s")\n")]
  }

  private mutating func release(_ id: Digest) -> [Line] {
    guard var step = steps[id] else { return [] }
    let events = step.waiting
    step.waiting = []
    var lines: [Line] = []
    for event in events {
      if case .output(_, _, let bytes, _) = event { waitingBytes = max(0, waitingBytes - bytes.count) }
      lines += Self.lines(event, &step, removesContainers: removesContainers)
    }
    steps[id] = step
    return lines
  }

  // MARK: Text

  private static func lines(_ event: BuildEvent, _ step: inout Step, removesContainers: Bool) -> [Line] {
    var lines: [Line] = []
    if !step.hasBegun {
      step.hasBegun = true
      if !step.vertex.isTrigger { lines += [.text("Step \(step.vertex.step)/\(step.vertex.steps) : \(step.vertex.instruction)"), .text("\n")] }
    }
    switch event {
    case .output(_, let stream, let bytes, _):
      lines += begin(&step)
      let text = String(decoding: bytes, as: UTF8.self)
      lines.append(stream == 2 ? .errorText(text) : .text(text))
    case .progress(_, let id, let current, let total, _, let completed):
      lines.append(.progress(id: id, current: current, total: total, isDone: completed != nil))
    case .result(_, let id): step.result = id
    case .finished(_, _, let cached, let error):
      step.isFinished = true
      if error != nil { return lines + (step.word == "RUN" ? begin(&step) : []) }
      lines += finish(&step, cached: cached, removesContainers: removesContainers)
    case .planned, .started, .warning, .explained: break
    }
    return lines
  }

  private static func begin(_ step: inout Step) -> [Line] {
    guard !step.isRunning else { return [] }
    step.isRunning = true
    return [.text(" ---> Running in \(step.container)\n")]
  }

  private static func finish(_ step: inout Step, cached: Bool, removesContainers: Bool) -> [Line] {
    var lines: [Line] = []
    let needsContainer = !["FROM", "COPY", "ADD"].contains(step.word)
    if cached && step.word != "FROM" { lines.append(.text(" ---> Using cache\n")) }
    if !cached && needsContainer {
      lines += begin(&step)
      if removesContainers { lines.append(.text(" ---> Removed intermediate container \(step.container)\n")) }
    }
    return lines + [.text(" ---> \(short(step.result ?? step.vertex.id.description))\n")]
  }

  private static func short(_ id: String) -> String {
    let digits = id.firstIndex(of: ":").map { id[id.index(after: $0)...] } ?? id[...]
    return String(digits.prefix(12))
  }
}
