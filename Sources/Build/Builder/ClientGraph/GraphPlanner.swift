// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec

/// Turns a client's graph into steps.
struct GraphPlanner {
  let request: BuildRequest
  let platform: Platform
  let images: any BaseImages
  /// Shared with the other plans of the build.
  let steps: StepTable
  /// No step is taken from the cache.
  var ignoresCache = false
  /// Images that the graph uses.
  private(set) var sources: [ImageSource] = []
  private(set) var vertices: [BuildVertex] = []
  /// Those of `vertices`.
  private var listed: Set<Digest> = []
  private var known: [ObjectIdentifier: [Int: Step]] = [:]
  /// Steps as file systems, where they give something else.
  private var whole: [ObjectIdentifier: Step] = [:]

  init(request: BuildRequest, platform: Platform, images: any BaseImages, steps: StepTable) {
    (self.request, self.platform, self.images, self.steps) = (request, platform, images, steps)
  }

  /// The step that gives a file system; `nil`: an empty one.
  mutating func step(of edge: GraphEdge?) async throws -> Step {
    guard let edge else { return nothing }
    let outputs = try await self.outputs(of: edge.node)
    guard let step = outputs[edge.output] else { throw HullError(.invalidArgument, "\(edge.node.name): there is no output \(edge.output)") }
    return step
  }

  private mutating func outputs(of node: GraphNode) async throws -> [Int: Step] {
    if let found = known[ObjectIdentifier(node)] { return found }
    var inputs: [Step] = []
    for edge in node.inputs { inputs.append(try await step(of: edge)) }
    let made = try await make(node, inputs)
    known[ObjectIdentifier(node)] = made
    return made
  }

  private mutating func make(_ node: GraphNode, _ inputs: [Step]) async throws -> [Int: Step] {
    switch node.operation {
    case .image, .layout, .made: return [0: try await image(node)]
    case .context(let name, let selection): return [0: step(try request.policed(.context(name, selection)), [], node)]
    case .repository(let url, let keeps, let checksum):
      let repository = try RepositoryStep(graph: url, keepsGitDirectory: keeps, checksum: checksum)
      return [0: step(try request.policed(.repository(repository)), [], node)]
    case .download(let download): return [0: try self.download(download, node)]
    case .run(let run): return try self.run(run, node, inputs)
    case .change(let changes): return try GraphChanges(node: node, inputs: inputs).steps(of: changes, in: &self)
    case .merge(let order): return [0: step(.merge, try order.map { (index) throws(HullError) in whole(try input(index, inputs, node)) }, node)]
    case .difference(let lower, let upper):
      let pair = try [lower, upper].map { (index) throws(HullError) in
        whole(try index.map { (index) throws(HullError) in try input(index, inputs, node) } ?? nothing)
      }
      return [0: step(.difference, pair, node)]
    }
  }

  func input(_ index: Int, _ inputs: [Step], _ node: GraphNode) throws(HullError) -> Step {
    guard inputs.indices.contains(index) else { throw HullError(.invalidArgument, "\(node.name): there is no input \(index)") }
    return inputs[index]
  }

  // MARK: Sources

  private mutating func image(_ node: GraphNode) async throws -> Step {
    let wanted = node.platform ?? platform
    switch node.operation {
    case .image(let name, let checksum):
      if name == "scratch" { return nothing }
      switch try request.policed(image: name) {
      case .files(let operation): return step(operation, [], node)
      case .image(let chosen): return try await image(chosen, checksum, wanted, node)
      }
    case .layout(let address):
      let base = try await images.image(address, platform: wanted, name: node.name)
      add(ImageSource(name: address.store, platform: base.config.platform, id: base.id, target: base.target, isLocal: true))
      return step(.image(base.id), [], node)
    case .made(let image):
      for source in image.built.origin.images { add(source) }
      return step(.made(LentLayers(fileSystem: image.built.fileSystem)), [], node)
    default: throw HullError(.internalError, "\(node.name) is no image")
    }
  }

  private mutating func image(_ name: String, _ checksum: Digest?, _ wanted: Platform, _ node: GraphNode) async throws -> Step {
    let base = try await images.image(name, platform: wanted, pull: request.pull)
    guard checksum == nil || checksum == base.target else {
      throw HullError(.invalidArgument, "image digest \(base.target) for \(name) does not match expected checksum \(checksum?.description ?? "")")
    }
    add(ImageSource(name: name, platform: wanted.normalized, id: base.id, target: base.target))
    return step(.image(base.id), [], node)
  }

  private mutating func add(_ source: ImageSource) { if !sources.contains(source) { sources.append(source) } }

  /// The file under its name, in a file system.
  private mutating func download(_ download: GraphDownload, _ node: GraphNode) throws(HullError) -> Step {
    let fetched = step(try request.policed(.download(download.step)), [], node)
    var copy = CopyStep(
      sources: [.download(input: 1, name: download.name)], destination: "/", intoDirectory: true, instruction: node.name, verb: "copy")
    copy.mode = String(download.mode, radix: 8)
    copy.owner = "\(download.uid):\(download.gid)"
    return step(.copy(copy), [nothing, fetched], node, part: "file")
  }

  // MARK: Commands

  private mutating func run(_ run: GraphRun, _ node: GraphNode, _ inputs: [Step]) throws(HullError) -> [Int: Step] {
    let planned = try GraphRunStep(run, node, request, node.platform ?? platform)
    var used = [whole(try planned.root.map { (index) throws(HullError) in try input(index, inputs, node) } ?? nothing)]
    for mount in planned.mountInputs {
      guard let mount else { continue }
      used.append(try mount.map { (index) throws(HullError) in try input(index, inputs, node) } ?? nothing)
    }
    let step = step(.run(planned.step), used, node)
    guard planned.step.hasOutputs else { return planned.rootOutput.map { [$0: step] } ?? [:] }
    var outputs: [Int: Step] = [:]
    for number in planned.step.outputNumbers { outputs[number] = self.step(.output(number), [step], node, part: "output \(number)") }
    return outputs
  }

  // MARK: Steps

  var nothing: Step {
    var vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) nothing"), name: "scratch")
    vertex.isMetadata = true
    return steps.unique(Step(.scratch, vertex: vertex), platform: nil)
  }

  /// - Parameter part: of the node, where it takes several steps.
  mutating func step(_ operation: Operation, _ inputs: [Step], _ node: GraphNode, part: String = "") -> Step {
    // Files from elsewhere are the same for all platforms.
    let platform = operation.givesTree ? nil : (node.platform ?? self.platform).normalized.description
    let id = SHA256.digest(of: "\(request.id) \(node.digest) \(part) \(platform ?? "")")
    let vertex = BuildVertex(id: id, name: node.name, inputs: inputs.map(\.vertex.id))
    let ignores = request.noCache || ignoresCache || node.ignoresCache
    let step = steps.unique(Step(operation, inputs: inputs, vertex: vertex, ignoresCache: ignores), platform: platform)
    if listed.insert(step.vertex.id).inserted { vertices.append(step.vertex) }
    return step
  }

  /// The same as a file system that others can be made on.
  mutating func whole(_ step: Step) -> Step {
    guard step.operation.givesTree else { return step }
    if let found = whole[ObjectIdentifier(step)] { return found }
    let copy = CopyStep(
      sources: [.files(input: 1, patterns: ["/"])], destination: "/", intoDirectory: true, instruction: step.vertex.name, verb: "copy")
    let vertex = BuildVertex(
      id: SHA256.digest(of: "\(step.vertex.id) whole"), name: "[internal] files of \(step.vertex.name)", inputs: [step.vertex.id])
    let made = steps.unique(Step(.copy(copy), inputs: [nothing, step], vertex: vertex, ignoresCache: step.ignoresCache), platform: nil)
    whole[ObjectIdentifier(step)] = made
    return made
  }
}

extension Operation {
  /// It gives files that are not in layers.
  var givesTree: Bool {
    switch self {
    case .context, .repository, .download: true
    case .scratch, .image, .made, .directory, .copy, .run, .output, .remove, .link, .merge, .difference: false
    }
  }
}
