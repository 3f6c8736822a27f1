// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors

/// What instructions copy from.
extension Planner {
  /// What `--from` names: a stage, a number, a context, or an image.
  mutating func source(_ name: String, in state: StageState) async throws -> Step {
    if namedContext(for: name, state.platform) == nil {
      let earlier = dockerfile.stages[..<state.index]
      if let stage = earlier.last(where: { $0.name == name.lowercased() }) ?? Int(name).flatMap({ earlier.indices.contains($0) ? earlier[$0] : nil })
      {
        return try await self.state(of: stage).step
      }
    }
    let key = "image \(name) \(state.platform)"
    if let known = contexts[key] { return known }
    let step: Step
    do { step = try await rootfs(name, platform: state.platform, stage: nil, shown: name).0 } catch let error as HullError
      where request.tellsConfiguration
    {
      throw HullError(error.code, "invalid from flag value \(name): \(error.message)", cause: error.cause)
    }
    contexts[key] = step
    return step
  }

  /// The client's files; one step for all that copy from it.
  mutating func mainContext() throws(HullError) -> Step {
    if let step = contexts[Self.inputContext] { return step }
    if var source = try request.remoteSource() {
      source.part = request.contextDirectory
      return try remote(source)
    }
    return try context("context", ignored, shown: "[internal] load build context")
  }

  mutating func namedContext(_ name: String, _ value: String) throws(HullError) -> Step {
    if let files = NamedContexts.clientFiles(value) {
      return try context(files, namedIgnored[files] ?? [], shown: "[context \(name)] load from client")
    }
    return try remote(try RepositoryStep(context: value))
  }

  private mutating func remote(_ source: RepositoryStep) throws(HullError) -> Step {
    let key = "\(source.url) \(source.keepsGitDirectory) \(source.part)"
    if let known = contexts[key] { return known }
    let step = shared(Step(try request.policed(.repository(source)), vertex: internalVertex("[internal] load \(source.url)")))
    contexts[key] = step
    return step
  }

  private mutating func context(_ name: String, _ rules: [String], shown: String) throws(HullError) -> Step {
    if let known = contexts[name] { return known }
    var selection = ContextSelection()
    selection.excludes = rules
    let step = shared(Step(try request.policed(.context(name, selection)), vertex: internalVertex(shown)))
    contexts[name] = step
    return step
  }
}
