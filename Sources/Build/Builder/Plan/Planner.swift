// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec

/// Turns a Dockerfile into a graph for one platform: expands every instruction with what its stage knows by then.
///
/// Steps are made for the stages that the target needs, and for nothing else.
struct Planner {
  let request: BuildRequest
  let dockerfile: Dockerfile
  let platform: Platform
  let images: any BaseImages
  /// The rules of the context's ignore file.
  let ignored: [String]
  /// Those of the named contexts, by their names in the session.
  var namedIgnored: [String: [String]] = [:]
  /// Shared with the planners of the build's other platforms.
  let steps: StepTable
  /// No step is taken from the cache.
  var ignoresCache = false
  var warnings: [BuildWarning] = []
  var stages: [Int: StageState] = [:]
  var vertices: [BuildVertex] = []
  var sources: [ImageSource] = []
  var layouts: [String: BaseImage] = [:]
  var contexts: [String: Step] = [:]
  /// Plans what contexts are that the client gave as graphs.
  var inputs: GraphPlanner?
  var isChecking = false
  /// What is planned comes from a base image's `ONBUILD`.
  var isTrigger = false
  var unknownImages: Set<String> = []
  var globals = MetaArguments()
  var numbers = Numbering()
  /// What steps of the stage at hand are told to be for, when there are several platforms: `linux/amd64`, `linux/amd64->arm64`.
  var shownPlatform: String?

  init(request: BuildRequest, dockerfile: Dockerfile, platform: Platform, images: any BaseImages, ignored: [String], steps: StepTable) {
    self.request = request
    self.dockerfile = dockerfile
    self.platform = platform
    self.images = images
    self.ignored = ignored
    self.steps = steps
  }

  mutating func plan() async throws -> BuildPlan {
    try await planInputs()
    let target = try dockerfile.stage(request.target)
    globals = try MetaArguments(dockerfile, given: request.arguments, platform: platform, stage: target.name)
    let expander = globals.expander
    let bases = try dockerfile.stages.map { (stage) throws(HullError) in try expander.expand(stage.base) }
    let needed = try StageDependencies(dockerfile, bases: bases).needed(for: target.index)
    numbers.count(
      dockerfile.stages.filter { needed.contains($0.index) },
      fromNothing: Set(bases.indices.filter { bases[$0] == "scratch" && request.namedContexts["scratch"] == nil }))
    for stage in dockerfile.stages where needed.contains(stage.index) { _ = try await state(of: stage) }
    let state = try await state(of: target)
    return BuildPlan(
      target: state, platform: platform, stages: Set(stages.keys), vertices: vertices, warnings: warnings,
      images: sources + inputSources.filter { !sources.contains($0) })
  }

  /// Plans every stage, for what the build checks find in them. What stands on an image that is not here is not known then.
  mutating func planAll() async throws {
    isChecking = true
    try await planInputs()
    let target = try dockerfile.stage(request.target)
    globals = try MetaArguments(dockerfile, given: request.arguments, platform: platform, stage: target.name)
    for stage in dockerfile.stages { _ = try await state(of: stage) }
  }

  /// What a stage comes to. It is planned now unless it has been: what a base image's `ONBUILD` needs is not known before.
  mutating func state(of stage: Stage) async throws -> StageState {
    if let known = stages[stage.index] { return known }
    // The instruction that asks for it goes on in its own stage.
    let shown = shownPlatform
    defer { shownPlatform = shown }
    do {
      let state = try await plan(stage)
      stages[stage.index] = state
      return state
    } catch let error as HullError {
      throw error.located(at: stage.location, in: dockerfile, name: request.dockerfile)
    }
  }

  // MARK: Stages

  private mutating func plan(_ stage: Stage) async throws -> StageState {
    var state = try await begin(stage)
    var instructions = stage.instructions
    let triggers = state.config.onBuild ?? []
    state.config.onBuild = nil
    for trigger in triggers.reversed() { instructions.insert(try DockerfileParser.parseInstruction(trigger), at: 0) }
    defer { isTrigger = false }
    for (index, instruction) in instructions.enumerated() {
      isTrigger = index < triggers.count
      show(state.platform, state.variables)
      do {
        try await InstructionPlanner.plan(instruction, in: &state, of: &self, stage: stage.index)
      } catch let error as HullError {
        throw error.located(at: instruction.location, in: dockerfile, name: request.dockerfile)
      }
    }
    return state
  }

  private mutating func show(_ platform: Platform, _ variables: BuildVariables) {
    shownPlatform = request.platforms.count > 1 ? platform.normalized.description + variables.crossTarget(from: platform) : nil
  }

  /// `FROM`.
  private mutating func begin(_ stage: Stage) async throws -> StageState {
    let expander = globals.expander
    let base = try expander.expand(stage.base)
    guard !base.isEmpty else { throw HullError(.invalidArgument, "base name (\(stage.base)) should not be blank") }
    let name = numbers.name(of: stage)
    let own = try stage.platform.map { (text) throws(HullError) in try StagePlatform.of(text, expander, names: globals.names) } ?? platform
    show(own, BuildVariables(environment: []))
    if let earlier = dockerfile.stages[..<stage.index].last(where: { $0.name == base.lowercased() }), namedContext(for: base, own) == nil {
      let state = try await state(of: earlier)
      show(state.platform, BuildVariables(environment: []))
      note(metadata: stage.original, stage: stage)
      var next = StageState(
        name: name, index: stage.index, platform: state.platform, config: state.config, base: state.base, step: state.step, history: state.history,
        variables: state.variables, author: state.author)
      next.isKnown = state.isKnown
      return next
    }
    return try await begin(stage, name: name, base: base, platform: own)
  }

  private mutating func begin(_ stage: Stage, name: String, base: String, platform: Platform) async throws -> StageState {
    let (step, config) = try await rootfs(base, platform: platform, stage: stage, shown: stage.original)
    if let own = config?.platform, (own.os, own.architecture) != (platform.os, platform.architecture) {
      warnings.append(.baseImagePlatform(of: base, actual: own.description, expected: platform.description, at: stage.location))
    }
    var process = config?.config ?? ProcessConfig()
    process.addDefaultPath((config?.platform ?? platform).os)
    var state = StageState(
      name: name, index: stage.index, platform: config?.platform ?? platform, config: process, base: config, step: step,
      variables: BuildVariables(environment: process.environment ?? []))
    state.isKnown = !unknownImages.contains(base)
    return state
  }

  /// Nothing is refused only because a check does not ask for it.
  func demand(_ entitlement: Entitlement) throws(HullError) {
    if !isChecking { try request.demand(entitlement) }
  }
}
