// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// Changes of files in a client's graph as steps, one for each change.
struct GraphChanges {
  let node: GraphNode
  /// Of the node.
  let inputs: [Step]

  /// By their numbers as results of the node.
  func steps(of changes: [GraphChange], in planner: inout GraphPlanner) throws(HullError) -> [Int: Step] {
    var made: [Step] = []
    var outputs: [Int: Step] = [:]
    for (number, change) in changes.enumerated() {
      let base = planner.whole(try source(change.base, made, planner))
      let step = try step(of: change, on: base, made, number, &planner)
      made.append(step)
      if let output = change.output { outputs[output] = step }
    }
    return outputs
  }

  private func source(_ source: GraphChange.Source, _ made: [Step], _ planner: GraphPlanner) throws(HullError) -> Step {
    switch source {
    case .nothing: return planner.nothing
    case .input(let index): return try planner.input(index, inputs, node)
    case .change(let index):
      guard made.indices.contains(index) else { throw HullError(.invalidArgument, "\(node.name): there is no change \(index) before") }
      return made[index]
    }
  }

  private func step(
    of change: GraphChange, on base: Step, _ made: [Step], _ number: Int, _ planner: inout GraphPlanner
  ) throws(HullError) -> Step {
    let part = "change \(number)"
    switch change.action {
    case .copy(let copy):
      let other = try source(change.other, made, planner)
      return planner.step(.copy(self.copy(copy, change)), [base, other], node, part: part)
    case .makeFile(let path, let mode, let bytes):
      var step = CopyStep(
        sources: [.inline(name: TreePaths.split(clean(path)).name, bytes: bytes)], destination: "/" + clean(path), intoDirectory: false,
        instruction: node.name, verb: "mkfile")
      (step.mode, step.owner, step.time) = (String(mode, radix: 8), change.owner, change.time)
      step.details.needsParent = true
      return planner.step(.copy(step), [base], node, part: part)
    case .makeDirectory(let path, let mode, let makesParents):
      var step = DirectoryStep(path: "/" + clean(path), owner: change.owner ?? "")
      (step.mode, step.makesParents, step.time) = (mode, makesParents, change.time)
      return planner.step(.directory(step), [base], node, part: part)
    case .remove(let path, let allowsMissing, let isPattern):
      return planner.step(.remove(RemoveStep(path: clean(path), allowsMissing: allowsMissing, isPattern: isPattern)), [base], node, part: part)
    case .link(let path, let target):
      let step = LinkStep(path: clean(path), target: target, owner: change.owner, time: change.time)
      return planner.step(.link(step), [base], node, part: part)
    }
  }

  private func copy(_ copy: GraphCopy, _ change: GraphChange) -> CopyStep {
    var step = CopyStep(
      sources: [.files(input: 1, patterns: [copy.source])], destination: "/" + clean(copy.destination),
      intoDirectory: copy.destination.hasSuffix("/") || copy.destination.isEmpty, instruction: node.name, verb: "copy", origin: node.name)
    (step.owner, step.mode, step.time, step.excludes, step.unpacks) = (change.owner, copy.mode, change.time, copy.excludes, copy.unpacks)
    step.details = CopyStep.Details(
      keepsDirectory: !copy.copiesContents, isLiteral: !copy.allowsPatterns, needsFiles: !copy.allowsNothing, needsParent: !copy.makesDestination,
      includes: copy.includes)
    return step
  }

  private func clean(_ path: String) -> String { TreePaths.clean(path) }
}
