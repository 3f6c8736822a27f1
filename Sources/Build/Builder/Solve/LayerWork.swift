// SPDX-License-Identifier: Apache-2.0
import Errors

/// Where a step that makes a layer stands.
struct LayerSite: Sendable {
  let step: Step
  let base: FileSystem
  let inputs: [Int: StepValue]
  let solver: Solver

  /// The files of all inputs but the first can be had.
  var hasFiles: Bool { inputs.allSatisfy { index, value in index == 0 || value.isHere } }

  /// The trees of all inputs but the first, by their numbers. Blocking.
  func trees() throws(HullError) -> [Int: any FileTree] {
    var trees: [Int: any FileTree] = [:]
    for (index, value) in inputs where index > 0 { trees[index] = try tree(of: value, index) }
    return trees
  }

  /// The tree of an input. Blocking.
  func tree(of value: StepValue, _ index: Int) throws(HullError) -> any FileTree {
    switch value {
    case .tree(let tree): return tree
    case .fileSystem(let fileSystem): return try solver.store.tree(of: fileSystem)
    case .several: throw HullError(.internalError, "\(step.vertex.name): its input \(index) is several file systems")
    }
  }

  /// Source date epoch in nanoseconds.
  var epoch: Int64? { solver.request.sourceDateEpoch.map { $0 &* 1_000_000_000 } }
}

/// Takes what a command writes: stream 1 or 2.
typealias StepOutput = @Sendable (Int, [UInt8]) -> Void

/// A step whose key is known.
struct PreparedLayer: Sendable {
  var ingredients: StepIngredients
  /// The layer is the same on top of any other.
  var standsAlone = false
  /// Does it; only where everything that it works on is here.
  var make: @Sendable (@escaping StepOutput) async throws -> FileSystem
}

/// A kind of step that makes a layer.
protocol LayerWork: Sendable {
  /// `nil`: the key cannot be known before the files of all inputs are here.
  func prepare(_ site: LayerSite) async throws -> PreparedLayer?
}

extension Step {
  /// How its layer is made; `nil`: it is no step that is looked up as one layer.
  var work: (any LayerWork)? {
    switch operation {
    case .directory(let directory): DirectoryWork(step: directory)
    case .copy(let copy): CopyWork(step: copy)
    case .run(let run) where !run.hasOutputs: RunWork(step: run)
    case .remove(let removal): RemovalWork(step: removal)
    case .link(let link): LinkWork(step: link)
    default: nil
    }
  }
}
