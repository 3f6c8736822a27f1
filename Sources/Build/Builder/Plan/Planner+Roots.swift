// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// What stages begin with.
extension Planner {
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
  func namedContext(for name: String, _ platform: Platform) -> String? {
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
}
