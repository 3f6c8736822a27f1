// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import FoundationEssentials
import ImageStore
import OCISpec

/// The steps of a build in the shape of BuildKit's graphs (solver/pb, ops.proto, as its JSON), which readers of provenances know.
struct GraphDescription: Sendable {
  private(set) var configuration = BuildConfiguration()
  private(set) var source: SourceMap
  /// What each step gave, by `step0:0`: lists of layers.
  private(set) var layers: [String: [[Descriptor]]] = [:]

  init(_ origin: BuildOrigin, _ steps: [Step], _ request: BuildRequest) {
    source = SourceMap(request, lines: origin.lines)
    var numbers: [ObjectIdentifier: Int] = [:]
    for step in steps {
      if case .scratch = step.operation { continue }
      let inputs = step.inputs.map { numbers[ObjectIdentifier($0)] }
      let op = GraphOp(step, inputs: inputs, images: origin.images, request: request)
      let number = append(op, op.inputs(of: inputs))
      numbers[ObjectIdentifier(step)] = number
      source.add(step.vertex.location, of: "step\(number)")
      if case .fileSystem(let result)? = origin.value(of: step), !result.layers.isEmpty {
        layers["step\(number):0"] = [result.layers.map { GraphDescription.plain($0.descriptor) }]
      }
    }
    // BuildKit's graphs end with a node that only says which of the others is the result.
    if let last = numbers[ObjectIdentifier(origin.target)] { append(GraphOp(), ["step\(last):0"]) }
  }

  @discardableResult
  private mutating func append(_ op: GraphOp, _ inputs: [String]) -> Int {
    let number = configuration.llbDefinition.count
    let step = BuildConfiguration.Step(id: "step\(number)", op: op, inputs: inputs)
    configuration.llbDefinition.append(step)
    if let text = try? JSON.encode(step) { configuration.digestMapping[SHA256.digest(of: text).description] = step.id }
    return number
  }

  private static func plain(_ descriptor: Descriptor) -> Descriptor {
    Descriptor(mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size)
  }
}

/// The graph as it stands in a provenance.
struct BuildConfiguration: Encodable, Sendable {
  struct Step: Encodable, Sendable {
    var id: String
    var op: GraphOp
    var inputs: [String]
  }

  var llbDefinition: [Step] = []
  var digestMapping: [String: String] = [:]
}

/// BuildKit's additions to what is said of a run.
struct BuildMetadata: Encodable, Sendable {
  var vcs: [String: String]?
  var source: SourceMap?
  var layers: [String: [[Descriptor]]]?

  init(_ request: BuildRequest, _ graph: GraphDescription?) {
    vcs = request.versionControl.isEmpty ? nil : request.versionControl.mapValues(Redaction.url)
    source = graph?.source
    layers = graph.flatMap { $0.layers.isEmpty ? nil : $0.layers }
  }
}

/// Which lines of which file each step is from.
struct SourceMap: Encodable, Sendable {
  struct Position: Encodable, Sendable { var line: Int }
  struct Range: Encodable, Sendable {
    var start: Position
    var end: Position
  }
  struct Location: Encodable, Sendable { var ranges: [Range] }
  struct Locations: Encodable, Sendable { var locations: [Location] }
  struct Info: Encodable, Sendable {
    var filename: String
    let language = "Dockerfile"
    /// In Base64.
    var data: Data
    /// Where the file is from, as a graph; `nil`: from nowhere.
    var llbDefinition: [BuildConfiguration.Step]?

    enum CodingKeys: String, CodingKey { case filename, language, data, llbDefinition }
  }

  private(set) var locations: [String: Locations] = [:]
  let infos: [Info]

  init(_ request: BuildRequest, lines: [String]) {
    var info = Info(filename: request.dockerfile, data: Data(lines.map { $0 + "\n" }.joined().utf8))
    if request.dockerfileText == nil { info.llbDefinition = Self.definition(request) }
    infos = request.graph == nil ? [info] : []
  }

  /// The source that has the Dockerfile, and the node that says that it is the result.
  private static func definition(_ request: BuildRequest) -> [BuildConfiguration.Step] {
    var op = GraphOp()
    if let address = request.remoteContext, request.dockerfileContext == CopyStep.mainContext {
      op.kind.source = GraphSource(identifier: "git://" + Redaction.url(address))
    } else {
      var selection = ContextSelection()
      selection.followed = [request.dockerfile]
      op.kind.source = GraphSource(context: request.dockerfileInput ?? request.dockerfileContext, selection)
    }
    return [BuildConfiguration.Step(id: "step0", op: op, inputs: []), BuildConfiguration.Step(id: "step1", op: GraphOp(), inputs: ["step0:0"])]
  }

  mutating func add(_ place: SourceRange?, of step: String) {
    guard let place else { return }
    let range = Range(start: Position(line: place.startLine), end: Position(line: place.endLine))
    locations[step] = Locations(locations: [Location(ranges: [range])])
  }
}
