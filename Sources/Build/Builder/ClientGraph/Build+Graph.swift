// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec
import Threads

/// Builds of clients' graphs, without a Dockerfile.
extension Build {
  func plan(_ graph: BuildInput, _ planned: PlannedBuild) async throws -> BuildPlan {
    let platform = planned.request.platforms.first ?? graph.config?.platform ?? .host
    var planner = GraphPlanner(request: planned.request, platform: platform, images: resolver(planned.request), steps: StepTable())
    let step = planner.whole(try await planner.step(of: graph.root))
    report.plan(planner.vertices)
    var process = graph.config?.config ?? ProcessConfig()
    if graph.config == nil { process.workingDirectory = "/" }
    process.addDefaultPath(platform.os)
    let state = StageState(
      name: "", index: 0, platform: graph.config?.platform ?? platform, config: process, base: graph.config, step: step,
      variables: BuildVariables(environment: []))
    return BuildPlan(target: state, platform: platform, stages: [], vertices: planner.vertices, warnings: [], images: planner.sources)
  }

  /// The files of an input, which are made now.
  func files(of input: BuildInput) async throws -> any FileTree {
    var planner = GraphPlanner(request: request, platform: .host, images: resolver(request), steps: StepTable())
    let step = try await planner.step(of: input.root)
    let solver = solver(request, for: [step])
    try await solver.solve()
    return try await tree(of: solver.value(of: step), step)
  }

  private func tree(of value: StepValue, _ step: Step) async throws -> any FileTree {
    switch value {
    case .tree(let tree): return tree
    case .fileSystem(let fileSystem):
      let store = self.store
      return try await Blocking.run { try store.tree(of: fileSystem) }
    case .several: throw HullError(.internalError, "\(step.vertex.name) gives several file systems")
    }
  }

  func resolver(_ request: BuildRequest) -> ImageResolver {
    ImageResolver(request: request, session: session, surroundings: surroundings, report: report)
  }
}
