// SPDX-License-Identifier: Apache-2.0

/// The steps of one build, over all its platforms: what is the same for several is one step, shown once and done once.
final class StepTable {
  private struct Identity: Hashable {
    let operation: Operation
    let inputs: [ObjectIdentifier]
    let stage: String
    let ignoresCache: Bool
    /// Of the stage; `nil`: for all.
    let platform: String?
  }

  private var known: [Identity: Step] = [:]

  /// The step that was there first of those that are the same.
  /// - Parameter platform: whose programs the step's stage has; `nil`: it is no stage's.
  func unique(_ step: Step, platform: String?) -> Step {
    let identity = Identity(
      operation: step.operation, inputs: step.inputs.map(ObjectIdentifier.init), stage: step.stage, ignoresCache: step.ignoresCache,
      platform: platform)
    if let first = known[identity] { return first }
    known[identity] = step
    return step
  }
}
