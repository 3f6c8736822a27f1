// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Builder
import Errors
import OCISpec

/// Reads a client's graph (BuildKit's LLB): operations, each after those that it works on; the last only says which of the others is the result.
struct GraphReader {
  /// How many operations and changes of files a graph may have.
  private static let largest = 20_000
  /// How many may stand on each other: the last one that goes takes all of them along, one within the other.
  private static let deepest = 1_000

  private let definition: LLBDefinition
  /// What other builds have made, by the names that the graph has for it.
  private let made: [String: MadeImage]
  private var nodes: [String: GraphNode] = [:]
  /// How many operations and changes of files stand on each other up to an operation.
  private var depths: [String: Int] = [:]
  /// Operations and changes of files so far.
  private var count = 0

  /// The result; `nil`: an empty file system. Throws `invalidArgument` for a graph that is none, `tooLarge` for one that is too large or too deep.
  static func root(_ definition: LLBDefinition, made: [String: MadeImage]) throws(HullError) -> GraphEdge? {
    var reader = GraphReader(definition: definition, made: made)
    return try reader.read()
  }

  /// The names of results of builds that a graph goes on from.
  static func results(in definition: LLBDefinition) -> Set<String> {
    Set(
      definition.def.compactMap { bytes in
        guard let op = try? LLBOp(serializedBytes: bytes), case .source(let source)? = op.op else { return nil }
        return ResultReference.name(in: source)
      })
  }

  private init(definition: LLBDefinition, made: [String: MadeImage]) { (self.definition, self.made) = (definition, made) }

  private mutating func read() throws(HullError) -> GraphEdge? {
    guard definition.def.count <= Self.largest else { throw Self.tooMany }
    guard let end = definition.def.last else { return nil }
    for bytes in definition.def.dropLast() { try add(bytes) }
    let op = try self.op(end)
    // A client may leave the operation out that only names the result.
    guard op.op == nil else {
      try add(end)
      return nodes[Self.digest(end)].map { GraphEdge($0) }
    }
    return try op.inputs.first.map { (input) throws(HullError) in try edge(input) }
  }

  private func op(_ bytes: some Sequence<UInt8>) throws(HullError) -> LLBOp {
    do { return try LLBOp(serializedBytes: Array(bytes)) } catch {
      throw HullError(.invalidArgument, "failed to parse llb proto op", cause: error)
    }
  }

  private static func digest(_ bytes: some Sequence<UInt8>) -> String { SHA256.digest(of: Array(bytes)).description }

  private mutating func add(_ bytes: some Sequence<UInt8>) throws(HullError) {
    let (op, digest) = (try op(bytes), Self.digest(bytes))
    guard let kind = op.op else { throw HullError(.invalidArgument, "build graph: the operation \(digest) is of no known kind") }
    try measure(kind, on: op.inputs, digest)
    let inputs = try op.inputs.map { (input) throws(HullError) in try edge(input) }
    let platform = op.hasPlatform ? Platform(op.platform) : nil
    let metadata = definition.metadata[digest] ?? LLBOpMetadata()
    let name = metadata.description_p["llb.customname"] ?? GraphNames.name(of: kind)
    nodes[digest] = GraphNode(
      try operation(kind, inputs.count, metadata), inputs: inputs, name: name, platform: platform, ignoresCache: metadata.ignoreCache,
      digest: try Digest(digest))
  }

  /// Each change of files becomes a step that may stand on the one before.
  private mutating func measure(_ kind: LLBOp.OneOf_Op, on inputs: [LLBInput], _ digest: String) throws(HullError) {
    var steps = 1
    if case .file(let file) = kind { steps = max(1, file.actions.count) }
    count += steps
    guard count <= Self.largest else { throw Self.tooMany }
    let depth = steps + (inputs.compactMap { depths[$0.digest] }.max() ?? 0)
    guard depth <= Self.deepest else {
      throw HullError(.tooLarge, "more than \(Self.deepest) operations of the build graph stand on each other: build it in parts")
    }
    depths[digest] = depth
  }

  private static let tooMany = HullError(.tooLarge, "the build graph has more than \(largest) operations and changes of files: build it in parts")

  private func edge(_ input: LLBInput) throws(HullError) -> GraphEdge {
    guard let node = nodes[input.digest] else {
      throw HullError(.invalidArgument, "build graph: the input \(input.digest) is not among the operations before")
    }
    return GraphEdge(node, output: Int(clamping: input.index))
  }

  private func operation(_ kind: LLBOp.OneOf_Op, _ inputs: Int, _ metadata: LLBOpMetadata) throws(HullError) -> GraphOperation {
    switch kind {
    case .source(let source):
      guard let name = ResultReference.name(in: source) else { return try GraphSources.operation(source) }
      guard let image = made[name] else { throw HullError(.notFound, "no result \(name)") }
      return .made(image)
    case .exec(let exec): return .run(GraphRun(exec, metadata.linuxResources))
    case .file(let file): return .change(try file.actions.map { (action) throws(HullError) in try GraphChange(action, inputs) })
    case .merge(let merge): return .merge(merge.inputs.map { Int(clamping: $0.input) })
    case .diff(let diff): return .difference(lower: Self.input(diff.lower), upper: Self.input(diff.upper))
    }
  }

  private static func input(_ input: LLBDiffInput) -> Int? { input.input < 0 ? nil : Int(clamping: input.input) }
}

extension Platform {
  init(_ platform: LLBPlatform) {
    self.init(os: platform.os, architecture: platform.architecture, variant: platform.variant.isEmpty ? nil : platform.variant)
    osVersion = platform.osVersion.isEmpty ? nil : platform.osVersion
    osFeatures = platform.osFeatures.isEmpty ? nil : platform.osFeatures
  }
}

/// How progress shows operations that their clients have not named, as BuildKit does it.
enum GraphNames {
  static func name(of kind: LLBOp.OneOf_Op) -> String {
    switch kind {
    case .source(let source): source.identifier
    case .exec(let exec): exec.meta.args.joined(separator: " ")
    case .file(let file): file.actions.map(name).joined(separator: ", ")
    case .merge: "merge"
    case .diff: "diff"
    }
  }

  private static func name(_ action: LLBFileAction) -> String {
    switch action.action {
    case .copy(let copy): "copy \(copy.src) \(copy.dest)"
    case .mkfile(let file): "mkfile \(file.path)"
    case .mkdir(let directory): "mkdir \(directory.path)"
    case .rm(let removal): "rm \(removal.path)"
    case .symlink(let link): "symlink \(link.newpath) -> \(link.oldpath)"
    case nil: "nothing"
    }
  }
}
