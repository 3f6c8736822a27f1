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
  /// Shared with the planners of the build's other platforms.
  let steps: StepTable
  /// No step is taken from the cache.
  var ignoresCache = false
  var warnings: [BuildWarning] = []
  var stages: [Int: StageState] = [:]
  var vertices: [BuildVertex] = []
  private var sources: [ImageSource] = []
  private var layouts: [String: BaseImage] = [:]
  var contexts: [String: Step] = [:]
  private var globals: [String: String] = [:]
  private var numbers = Numbering()
  /// What steps of the stage at hand are told to be for, when there are several platforms: `linux/amd64`, `linux/amd64->arm64`.
  private var shownPlatform: String?

  init(request: BuildRequest, dockerfile: Dockerfile, platform: Platform, images: any BaseImages, ignored: [String], steps: StepTable) {
    self.request = request
    self.dockerfile = dockerfile
    self.platform = platform
    self.images = images
    self.ignored = ignored
    self.steps = steps
  }

  mutating func plan() async throws -> BuildPlan {
    let target = try targetStage()
    globals = try globalArguments(stage: target.name)
    let values = globals
    let expander = WordExpander(escape: dockerfile.directives.escape) { values[$0] }
    let bases = try dockerfile.stages.map { (stage) throws(HullError) in try expander.expand(stage.base) }
    let needed = try StageDependencies(dockerfile, bases: bases).needed(for: target.index)
    numbers.count(dockerfile.stages.filter { needed.contains($0.index) }, target: target.index)
    for stage in dockerfile.stages where needed.contains(stage.index) {
      do { stages[stage.index] = try await plan(stage) } catch let error as HullError {
        throw error.located(at: stage.location, in: dockerfile, name: request.dockerfile)
      }
    }
    guard let state = stages[target.index] else { throw HullError(.internalError, "the target stage was not planned") }
    return BuildPlan(target: state, platform: platform, stages: needed, vertices: vertices, warnings: warnings, images: sources)
  }

  private func targetStage() throws(HullError) -> Stage {
    guard let last = dockerfile.stages.last else { throw HullError(.invalidArgument, "no build stage in current context") }
    guard let wanted = request.target, !wanted.isEmpty else { return last }
    if let found = dockerfile.stages.last(where: { $0.name == wanted.lowercased() }) { return found }
    if let number = Int(wanted), dockerfile.stages.indices.contains(number) { return dockerfile.stages[number] }
    throw HullError(
      .invalidArgument,
      "target stage \(quoted(wanted)) could not be found" + Suggestion.hint(for: wanted, in: dockerfile.stages.compactMap(\.name)))
  }

  /// `ARG`s before the first `FROM`, as `FROM` and stages see them.
  private func globalArguments(stage: String?) throws(HullError) -> [String: String] {
    let automatic = PredefinedArguments.platform(platform, stage: stage)
    var values: [String: String] = [:]
    for (name, value) in automatic { values[name] = request.arguments[name] ?? value }
    for instruction in dockerfile.metaArguments {
      guard case .argument(let list) = instruction.command else { continue }
      for argument in list {
        let expander = WordExpander(escape: dockerfile.directives.escape) { values[$0] }
        if let given = request.arguments[argument.key] {
          values[argument.key] = given
        } else if let text = argument.value {
          values[argument.key] = try expander.expand(text)
        }
      }
    }
    return values
  }

  // MARK: Stages

  private mutating func plan(_ stage: Stage) async throws -> StageState {
    var state = try await begin(stage)
    var instructions = stage.instructions
    let triggers = state.config.onBuild ?? []
    state.config.onBuild = nil
    for trigger in triggers.reversed() { instructions.insert(try DockerfileParser.parseInstruction(trigger), at: 0) }
    for instruction in instructions {
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
    let values = globals
    let expander = WordExpander(escape: dockerfile.directives.escape) { values[$0] }
    let base = try expander.expand(stage.base)
    guard !base.isEmpty else { throw HullError(.invalidArgument, "base name (\(stage.base)) should not be blank") }
    let wanted = try stage.platform.map { (text) throws(HullError) in try expander.expand(text) }
    let name = numbers.name(of: stage)
    let own = try wanted.flatMap { (text) throws(HullError) in text.isEmpty ? nil : try Platform(parsing: text) } ?? platform
    show(own, BuildVariables(environment: []))
    if let earlier = dockerfile.stages[..<stage.index].last(where: { $0.name == base.lowercased() }), request.namedContexts[base.lowercased()] == nil,
      let state = stages[earlier.index]
    {
      show(state.platform, BuildVariables(environment: []))
      note(metadata: stage.original, stage: stage)
      return StageState(
        name: name, platform: state.platform, config: state.config, base: state.base, step: state.step, history: state.history,
        variables: BuildVariables(environment: state.config.environment ?? []), author: state.author)
    }
    return try await begin(stage, name: name, base: base, platform: own)
  }

  private mutating func begin(_ stage: Stage, name: String, base: String, platform: Platform) async throws -> StageState {
    let (step, config) = try await rootfs(base, platform: platform, stage: stage, shown: stage.original)
    if let own = config?.platform, (own.os, own.architecture) != (platform.os, platform.architecture) {
      warnings.append(.baseImagePlatform(of: base, actual: own.description, expected: platform.description, at: stage.location))
    }
    var process = config?.config ?? ProcessConfig()
    if config == nil || (process.environment ?? []).isEmpty {
      // Without one, commands would not find anything.
      process.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    }
    return StageState(
      name: name, platform: config?.platform ?? platform, config: process, base: config, step: step,
      variables: BuildVariables(environment: process.environment ?? []))
  }

  /// What a name of an image, or of a context that stands for one, has in it.
  mutating func rootfs(_ name: String, platform: Platform, stage: Stage?, shown: String) async throws -> (Step, ImageConfig?) {
    let replaced = request.namedContexts[name] ?? request.namedContexts[name.lowercased()]
    if name == "scratch", replaced == nil { return (root(.scratch, stage, shown, platform), nil) }
    if let replaced, let address = try LayoutAddress(replaced) {
      let base = try await layout(address, platform, name)
      return (root(.image(base.id), stage, stage == nil ? "FROM \(name)" : shown, base.config.platform), base.config)
    }
    let image = replaced.map { $0.hasPrefix("docker-image://") ? String($0.dropFirst(15)) : $0 } ?? name
    if let replaced, !replaced.hasPrefix("docker-image://") { return (try namedContext(name, replaced), nil) }
    let base = try await images.image(image, platform: platform, pull: request.pull)
    let source = ImageSource(name: image, platform: base.config.platform, id: base.id, target: base.target)
    if !sources.contains(source) { sources.append(source) }
    return (root(.image(base.id), stage, stage == nil ? "FROM \(image)" : shown, base.config.platform), base.config)
  }

  /// An image of an OCI layout; brought in once.
  private mutating func layout(_ address: LayoutAddress, _ platform: Platform, _ name: String) async throws -> BaseImage {
    let key = "\(name) \(platform)"
    if let known = layouts[key] { return known }
    let base = try await images.image(address, platform: platform, name: name)
    layouts[key] = base
    sources.append(ImageSource(name: name, platform: base.config.platform, id: base.id, target: base.target, isLocal: true))
    return base
  }

  private mutating func root(_ operation: Operation, _ stage: Stage?, _ text: String, _ platform: Platform) -> Step {
    guard let stage else { return shared(Step(operation, vertex: internalVertex(text))) }
    let vertex = vertex(text, of: stage, place: .instruction)
    return settled(Step(operation, vertex: vertex, stage: numbers.name(of: stage)), platform)
  }

  /// The same step of another platform's plan in the place of one that was just made, or that one.
  mutating func settled(_ step: Step, _ platform: Platform) -> Step {
    let first = steps.unique(step, platform: platform.normalized.description)
    if first !== step, let last = vertices.indices.last { vertices[last] = first.vertex }
    return first
  }

  /// As `settled`, of a step that belongs to no stage.
  func shared(_ step: Step) -> Step { steps.unique(step, platform: nil) }

  // MARK: Other inputs

  /// What `--from` names: a stage, a number, a context, or an image.
  mutating func source(_ name: String, in state: StageState) async throws -> Step {
    if request.namedContexts[name] == nil {
      if let stage = dockerfile.stages.last(where: { $0.name == name.lowercased() && stages[$0.index] != nil }), let found = stages[stage.index] {
        return found.step
      }
      if let number = Int(name), let found = stages[number] { return found.step }
    }
    let key = "image \(name) \(state.platform)"
    if let known = contexts[key] { return known }
    let (step, _) = try await rootfs(name, platform: state.platform, stage: nil, shown: name)
    contexts[key] = step
    return step
  }

  /// The client's files; one step for all that copy from it.
  mutating func mainContext() throws(HullError) -> Step {
    if let address = request.remoteContext { return try remote(address) }
    return context("context", shown: "[internal] load build context")
  }

  mutating func namedContext(_ name: String, _ value: String) throws(HullError) -> Step {
    if value.hasPrefix("local:") { return context(String(value.dropFirst(6)), shown: "[context \(name)] load from client") }
    return try remote(value)
  }

  private mutating func remote(_ address: String) throws(HullError) -> Step {
    if let known = contexts[address] { return known }
    let step = shared(
      Step(.repository(url: address, keepsGitDirectory: false, checksum: nil), vertex: internalVertex("[internal] load \(address)")))
    contexts[address] = step
    return step
  }

  private mutating func context(_ name: String, shown: String) -> Step {
    if let known = contexts[name] { return known }
    var selection = ContextSelection()
    selection.excludes = ignored
    let step = shared(Step(.context(name, selection), vertex: internalVertex(shown)))
    contexts[name] = step
    return step
  }

  // MARK: Vertices

  enum Place { case instruction, metadata }

  mutating func vertex(_ text: String, of stage: Stage, place: Place, at location: SourceRange? = nil, inputs: [Step] = []) -> BuildVertex {
    vertex(text, stageIndex: stage.index, place: place, at: location ?? stage.location, inputs: inputs)
  }

  mutating func vertex(_ text: String, stageIndex: Int, place: Place, at location: SourceRange?, inputs: [Step]) -> BuildVertex {
    let title = numbers.title(text, stage: stageIndex, counted: place == .instruction, platform: shownPlatform)
    var vertex = BuildVertex(
      id: SHA256.digest(of: "\(request.id) \(platform) \(vertices.count) \(title)"), name: title, inputs: inputs.map(\.vertex.id))
    vertex.location = location
    vertex.instruction = text
    vertex.isMetadata = place == .metadata
    (vertex.step, vertex.steps) = numbers.next()
    vertex.platform = request.platforms.count > 1 ? platform.description : nil
    vertices.append(vertex)
    return vertex
  }

  private mutating func note(metadata text: String, stage: Stage) { _ = vertex(text, of: stage, place: .metadata) }

  func internalVertex(_ name: String, at location: SourceRange? = nil) -> BuildVertex {
    var vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) \(platform) \(name)"), name: name)
    vertex.location = location
    return vertex
  }

  /// The value that a stage gets for an argument that it declares: the command line's, or the global one's, or its own default.
  func argument(_ name: String, default value: String?) -> String? {
    request.arguments[name] ?? globalValue(name) ?? value
  }

  private func globalValue(_ name: String) -> String? { globals[name] }
}
