// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// Contexts that the client gave as graphs.
extension Planner {
  /// Under which the main context is among the contexts when it is such a one.
  static let inputContext = "input"

  var inputSources: [ImageSource] { inputs?.sources ?? [] }

  /// Plans the main context, which is asked for again and again.
  mutating func planInputs() async throws {
    guard let key = request.contextInput else { return }
    let step = try await step(of: input(key), whole: false)
    contexts[Self.inputContext] = step
  }

  /// A context in the place of an image or a stage, with what its image says of itself.
  /// - Parameters:
  ///   - stage: that stands on it; `nil`: files are copied from it.
  ///   - shown: the instruction that names it.
  mutating func input(
    _ key: String, named name: String, _ stage: Stage?, _ shown: String, _ platform: Platform
  ) async throws -> (Step, ImageConfig?) {
    let input = try input(key)
    let step = try await step(of: input, whole: stage != nil)
    guard let stage, case .made = step.operation else { return (step, input.config) }
    return (root(step.operation, stage, shown, title: "FROM \(name)", platform), input.config)
  }

  private func input(_ key: String) throws(HullError) -> BuildInput {
    guard let input = request.inputs[key] else { throw HullError(.notFound, "build context input:\(key): the client gives no such input") }
    return input
  }

  private mutating func step(of input: BuildInput, whole: Bool) async throws -> Step {
    var planner = inputs ?? GraphPlanner(request: request, platform: platform, images: images, steps: steps)
    planner.ignoresCache = ignoresCache
    defer { inputs = planner }
    let before = planner.vertices.count
    var step = try await planner.step(of: input.root)
    if whole { step = planner.whole(step) }
    vertices += planner.vertices[before...]
    return step
  }
}
