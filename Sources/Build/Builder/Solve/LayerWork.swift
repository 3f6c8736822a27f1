// SPDX-License-Identifier: Apache-2.0
import Errors

/// Where a step that makes a layer stands.
struct LayerSite: Sendable {
  let step: Step
  let base: FileSystem
  let inputs: [Int: StepValue]
  let solver: Solver

  /// The trees of all inputs but the first, by their numbers. Blocking.
  func trees() throws(HullError) -> [Int: any FileTree] {
    var trees: [Int: any FileTree] = [:]
    for (index, value) in inputs where index > 0 {
      switch value {
      case .tree(let tree): trees[index] = tree
      case .fileSystem(let fileSystem): trees[index] = try solver.store.tree(of: fileSystem)
      case .several: throw HullError(.internalError, "\(step.vertex.name): its input \(index) is several file systems")
      }
    }
    return trees
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
  /// Does it.
  var make: @Sendable (@escaping StepOutput) async throws -> FileSystem
}

/// A kind of step that makes a layer.
protocol LayerWork: Sendable {
  func prepare(_ site: LayerSite) async throws -> PreparedLayer
}
