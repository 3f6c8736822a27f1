// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import OCISpec

/// What clients see of the steps.
extension Planner {
  enum Place { case instruction, metadata }

  mutating func vertex(_ text: String, of stage: Stage, place: Place, at location: SourceRange? = nil, inputs: [Step] = []) -> BuildVertex {
    vertex(text, stageIndex: stage.index, place: place, at: location ?? stage.location, inputs: inputs)
  }

  /// - Parameter shown: the instruction with what variables stand for; `nil`: as it is.
  mutating func vertex(
    _ text: String, shown: String? = nil, stageIndex: Int, place: Place, at location: SourceRange?, inputs: [Step]
  ) -> BuildVertex {
    let title = numbers.title(shown ?? text, stage: stageIndex, counted: place == .instruction, platform: shownPlatform)
    var vertex = BuildVertex(
      id: SHA256.digest(of: "\(request.id) \(platform) \(vertices.count) \(title)"), name: title, inputs: inputs.map(\.vertex.id))
    vertex.location = location
    vertex.instruction = text
    vertex.isMetadata = place == .metadata
    vertex.isTrigger = isTrigger
    (vertex.step, vertex.steps) = isTrigger ? numbers.current : numbers.next()
    vertex.platform = request.platforms.count > 1 ? platform.description : nil
    vertices.append(vertex)
    return vertex
  }

  mutating func note(metadata text: String, stage: Stage) { _ = vertex(text, of: stage, place: .metadata) }

  func internalVertex(_ name: String, at location: SourceRange? = nil) -> BuildVertex {
    var vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) \(platform) \(name)"), name: name)
    vertex.location = location
    return vertex
  }
}
