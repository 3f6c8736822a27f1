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
  private var sources: [ImageSource] = []
  private var layouts: [String: BaseImage] = [:]
  var contexts: [String: Step] = [:]
  /// Plans what contexts are that the client gave as graphs.
  var inputs: GraphPlanner?
  private var isChecking = false
  /// What is planned comes from a base image's `ONBUILD`.
  private var isTrigger = false
  private var unknownImages: Set<String> = []
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
    try await planInputs()
    let target = try dockerfile.stage(request.target)
    globals = try globalArguments(stage: target.name)
    let values = globals
    let expander = WordExpander(escape: dockerfile.directives.escape) { values[$0] }
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
    globals = try globalArguments(stage: try dockerfile.stage(request.target).name)
    for stage in dockerfile.stages { _ = try await state(of: stage) }
  }

  /// What a stage comes to. It is planned now unless it has been: what a base image's `ONBUILD` needs is not known before.
  private mutating func state(of stage: Stage) async throws -> StageState {
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
    let values = globals
    let expander = WordExpander(escape: dockerfile.directives.escape) { values[$0] }
    let base = try expander.expand(stage.base)
    guard !base.isEmpty else { throw HullError(.invalidArgument, "base name (\(stage.base)) should not be blank") }
    let name = numbers.name(of: stage)
    let own = try stage.platform.map { (text) throws(HullError) in try StagePlatform.of(text, expander, names: globalNames) } ?? platform
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

  /// What a name of an image, or of a context that stands for one, has in it.
  mutating func rootfs(_ name: String, platform: Platform, stage: Stage?, shown: String) async throws -> (Step, ImageConfig?) {
    let replaced = namedContext(for: name, platform)
    if let replaced, let address = try LayoutAddress(replaced) {
      let base = try await layout(address, platform, name)
      return (root(.image(base.id), stage, shown, title: "FROM \(name)", base.config.platform), base.config)
    }
    if let key = replaced.flatMap(NamedContexts.input) { return try await input(key, named: name, stage, shown, platform) }
    let image = replaced.map { NamedContexts.image($0) } ?? name
    guard let image else {
      let files = try namedContext(name, replaced ?? name)
      guard let stage else { return (files, nil) }
      return (wholeContext(files, stage, shown, platform), nil)
    }
    if image == "scratch" { return (nothing(stage, shown, platform), nil) }
    let allowed = try request.policed(image: image)
    guard case .image(let chosen) = allowed else { return try files(allowed, stage, shown, platform) }
    let base: BaseImage
    do { base = try await images.image(chosen, platform: platform, pull: request.pull) } catch let error as HullError
      where isChecking && error.code == .notFound
    {
      unknownImages.insert(name)
      return (nothing(nil, shown, platform), nil)
    }
    let source = ImageSource(name: chosen, platform: platform.normalized, id: base.id, target: base.target)
    if !sources.contains(source) { sources.append(source) }
    let title = "FROM \((try? Reference(chosen))?.withDefaultTag.description ?? chosen)"
    return (root(.image(base.id), stage, shown, title: title, base.config.platform), base.config)
  }

  /// Files that take the place of an image.
  private mutating func files(_ source: PolicedSource, _ stage: Stage?, _ shown: String, _ platform: Platform) throws(HullError) -> (
    Step, ImageConfig?
  ) {
    guard case .files(let operation) = source else { throw HullError(.internalError, "\(shown): it is an image") }
    let files = shared(Step(operation, vertex: internalVertex("[internal] load \(operation)")))
    return (stage.map { wholeContext(files, $0, shown, platform) } ?? files, nil)
  }

  /// The context that takes the place of a stage or an image.
  private func namedContext(for name: String, _ platform: Platform) -> String? {
    NamedContexts.keys(name, platform).lazy.compactMap { [request] in request.namedContexts[$0] }.first
  }

  /// A context's files as the file system that a stage begins with.
  private mutating func wholeContext(_ files: Step, _ stage: Stage, _ shown: String, _ platform: Platform) -> Step {
    let copy = CopyStep(
      sources: [.files(input: 1, patterns: ["/"])], destination: "/", intoDirectory: true, instruction: stage.original, verb: "COPY")
    return root(.copy(copy), inputs: [nothing(nil, shown, platform), files], stage, shown, title: shown, platform)
  }

  /// `FROM scratch` is a step only to the first builder.
  private mutating func nothing(_ stage: Stage?, _ shown: String, _ platform: Platform) -> Step {
    if request.tellsConfiguration, stage != nil { return root(.scratch, stage, shown, title: shown, platform) }
    var vertex = internalVertex(shown)
    vertex.isMetadata = true
    return shared(Step(.scratch, vertex: vertex))
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

  mutating func root(
    _ operation: Operation, inputs: [Step] = [], _ stage: Stage?, _ text: String, title: String, _ platform: Platform
  ) -> Step {
    guard let stage else { return shared(Step(operation, inputs: inputs, vertex: internalVertex(title))) }
    let vertex = vertex(text, shown: title, stageIndex: stage.index, place: .instruction, at: stage.location, inputs: [])
    return settled(Step(operation, inputs: inputs, vertex: vertex, stage: numbers.name(of: stage)), platform)
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

  // MARK: Vertices

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

  /// Nothing is refused only because a check does not ask for it.
  func demand(_ entitlement: Entitlement) throws(HullError) {
    if !isChecking { try request.demand(entitlement) }
  }

  private mutating func note(metadata text: String, stage: Stage) { _ = vertex(text, of: stage, place: .metadata) }

  func internalVertex(_ name: String, at location: SourceRange? = nil) -> BuildVertex {
    var vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) \(platform) \(name)"), name: name)
    vertex.location = location
    return vertex
  }

  /// The names of the arguments before the first `FROM`, of those without a value too.
  private var globalNames: [String] {
    globals.keys
      + dockerfile.metaArguments.flatMap { instruction -> [String] in
        guard case .argument(let list) = instruction.command else { return [] }
        return list.map(\.key)
      }
  }

  /// The value of an argument before the first `FROM`, which a stage gets that declares it without a default of its own.
  func globalValue(_ name: String) -> String? { globals[name] }
}
