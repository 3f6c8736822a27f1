// SPDX-License-Identifier: Apache-2.0
import OCISpec

/// How an image came to be: what its attestations tell of.
struct BuildOrigin: Sendable {
  /// The last step.
  let target: Step
  let platform: Platform
  /// Images that it stands on or takes files from.
  let images: [ImageSource]
  /// What the steps gave, by the identity of the step.
  let values: [ObjectIdentifier: StepValue]
  /// The Dockerfile's.
  let lines: [String]
  /// Nanoseconds since 1970.
  let started: Int64
  /// What was asked for.
  var request: BuildRequest?

  /// All steps that the target needs, inputs before what needs them.
  var steps: [Step] {
    var seen: Set<ObjectIdentifier> = []
    var ordered: [Step] = []
    func visit(_ step: Step) {
      guard seen.insert(ObjectIdentifier(step)).inserted else { return }
      for input in step.inputs { visit(input) }
      ordered.append(step)
    }
    visit(target)
    return ordered
  }

  func value(of step: Step) -> StepValue? { values[ObjectIdentifier(step)] }
}

/// An image that a build has used.
struct ImageSource: Sendable, Hashable {
  /// As the Dockerfile has it.
  var name: String
  /// For which it was taken.
  var platform: Platform
  /// Of the configuration.
  var id: Digest
  /// Of the index or manifest that the name stood for.
  var target: Digest
  /// From an OCI layout of the client's.
  var isLocal = false
}
