// SPDX-License-Identifier: Apache-2.0
import Errors
import Threads

/// What only clients' graphs have.
extension Solver {
  func performGraph(_ step: Step, _ inputs: [Int: StepValue]) async throws -> (StepValue, Bool) {
    let store = self.store
    switch step.operation {
    case .run(let run): return try await outputs(step, inputs, run)
    case .made(let layers):
      store.adopt(layers.fileSystem)
      return (.fileSystem(layers.fileSystem), true)
    case .output(let number): return (.fileSystem(try output(number, of: inputs[0], step)), true)
    case .merge:
      let all = try fileSystems(inputs, step)
      return (.fileSystem(try await Blocking.stream { try store.stacked(all) }), false)
    case .difference:
      let all = try fileSystems(inputs, step)
      return (.fileSystem(try await Blocking.stream { try store.difference(lower: all[0], upper: all[1]) }), false)
    default: throw HullError(.internalError, "\(step.vertex.name) belongs to no client's graph")
    }
  }

  private func fileSystems(_ inputs: [Int: StepValue], _ step: Step) throws(HullError) -> [FileSystem] {
    try step.inputs.indices.map { (index) throws(HullError) in
      guard case .fileSystem(let found)? = inputs[index] else { throw HullError(.internalError, "\(step.vertex.name): input \(index) has no layers") }
      return found
    }
  }

  private func output(_ number: Int, of value: StepValue?, _ step: Step) throws(HullError) -> FileSystem {
    guard case .several(let all)? = value, let found = all[number] else {
      throw HullError(.internalError, "\(step.vertex.name): there is no output \(number)")
    }
    return found
  }

  // MARK: Commands with several results

  /// Each result has a key of its own; the command runs unless all of them are in the cache.
  private func outputs(_ step: Step, _ inputs: [Int: StepValue], _ run: RunStep) async throws -> (StepValue, Bool) {
    guard case .fileSystem(let base) = inputs[0] else { throw HullError(.internalError, "\(step.vertex.name) has nothing to stand on") }
    let site = LayerSite(step: step, base: base, inputs: inputs, solver: self)
    guard let prepared = try await RunWork(step: run).prepareAll(site) else { throw HullError(.internalError, "\(step.vertex.name) has no key") }
    func below(_ number: Int) -> FileSystem {
      if number == run.rootOutput { return base }
      guard let input = run.mounts.first(where: { $0.output == number })?.input, case .fileSystem(let found)? = inputs[input] else {
        return FileSystem()
      }
      return found
    }
    func ingredients(_ number: Int) -> StepIngredients {
      var own = prepared.ingredients
      own.settings["output"] = String(number)
      return own
    }
    let store = self.store
    if !step.ignoresCache {
      var found: [Int: FileSystem] = [:]
      for number in run.outputNumbers {
        let (key, base) = (ingredients(number).key, below(number))
        found[number] = try await Blocking.run { try store.cached(key, above: base) }?.result
      }
      if found.count == run.outputNumbers.count { return (.several(found), true) }
    }
    let written = try await prepared.make { self.report.output(of: step, $0, $1) }
    var results = written.outputs
    if let number = run.rootOutput { results[number] = written.root }
    for (number, result) in results { store.remember(record(ingredients(number), step, below(number), result), result) }
    shared.persist(store)
    return (.several(results), false)
  }
}

extension RunStep.Mount {
  /// A cache that is not simply empty at first: without the cache of steps it begins with that again, as in BuildKit.
  var beginsWithSomething: Bool { input != nil || mount.mode != nil || mount.uid != nil || mount.gid != nil }
}
