// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// `COPY` and `ADD`.
struct CopyPlanner {
  let instruction: Instruction
  let stage: Int
  let isAdd: Bool

  func plan(_ copy: CopyCommand, in state: inout StageState, of planner: inout Planner) async throws {
    let expander = planner.expander(state)
    let written = try expander.expand(copy.destination)
    var step = CopyStep(
      sources: [], destination: "/" + TreePaths.clean(written.hasPrefix("/") ? written : state.directory + "/" + written),
      intoDirectory: written.isEmpty || written.hasSuffix("/") || written == "." || written.hasSuffix("/."), instruction: instruction.original,
      verb: isAdd ? "ADD" : "COPY")
    (step.link, step.parents, step.unpacks, step.unpacksDownloads) = (copy.link, copy.parents, copy.unpack ?? isAdd, copy.unpack ?? false)
    if !planner.request.tellsConfiguration { step.origin = copy.from ?? CopyStep.mainContext }
    step.owner = try copy.chown.map { (text) throws(HullError) in try expander.expand(text) }
    step.mode = try copy.chmod.map { (text) throws(HullError) in try expander.expand(text) }
    step.excludes = try copy.excludes.map { (text) throws(HullError) in try expander.expand(text) }
    var inputs = [state.step]
    try await addSources(copy, to: &step, &inputs, expander, state, &planner)
    if step.sources.count > 1 || step.sources.contains(where: \.hasSeveral) { try check(step, written) }
    let vertex = planner.vertex(
      instruction.original, shown: planner.title(of: instruction, expander), stageIndex: stage, place: .instruction, at: instruction.location,
      inputs: inputs)
    state.step = planner.step(.copy(step), inputs, vertex, state)
    state.history.append(PlannedHistory(createdBy: "\(instruction.original) # buildkit", step: state.step))
  }

  private func check(_ step: CopyStep, _ written: String) throws(HullError) {
    guard step.intoDirectory else {
      throw HullError(
        .invalidArgument, "When using \(step.verb) with more than one source file, the destination must be a directory and end with a /")
    }
  }

  private func addSources(
    _ copy: CopyCommand, to step: inout CopyStep, _ inputs: inout [Step], _ expander: WordExpander, _ state: StageState, _ planner: inout Planner
  ) async throws {
    var patterns: [String] = []
    guard copy.from?.contains("$") != true else { throw CopyPlanner.variableSource }
    guard copy.checksum == nil || copy.sources.count == 1 else {
      throw HullError(.invalidArgument, "checksum can't be specified for multiple sources")
    }
    for source in copy.sources {
      let text = try expander.expand(source)
      guard let remote = try self.remote(text, copy, expander, &inputs, &planner) else {
        patterns.append(text)
        continue
      }
      step.sources.append(remote)
    }
    if !patterns.isEmpty {
      let from = copy.from ?? ""
      inputs.append(from.isEmpty ? try planner.mainContext() : try await planner.source(from, in: state))
      step.sources.insert(.files(input: inputs.count - 1, patterns: patterns), at: 0)
    }
    for document in copy.inline {
      let text = document.expands ? try expander.expandDocument(document.content).text : document.content
      step.sources.append(.inline(name: document.name, bytes: Array(text.utf8)))
    }
  }

  private static let variableSource = HullError(
    .invalidArgument,
    "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround")

  private static let uncheckable = HullError(.invalidArgument, "checksum requires HTTP(S) or Git sources")

  /// A source that is an address, which only `ADD` may have.
  private func remote(
    _ text: String, _ copy: CopyCommand, _ expander: WordExpander, _ inputs: inout [Step], _ planner: inout Planner
  ) throws(HullError) -> CopyStep.Source? {
    let checksum = try copy.checksum.map { (text) throws(HullError) in try expander.expand(text) }
    if let address = try GitAddress(text), !address.looksLikePath {
      guard isAdd else { throw HullError(.invalidArgument, "source can't be a git ref for COPY: use ADD for \(quoted(text))") }
      let vertex = planner.internalVertex("[internal] load \(text)", at: instruction.location)
      let step = try RepositoryStep(text, address, keepsGitDirectory: copy.keepGitDirectory, checksum: checksum)
      inputs.append(planner.shared(Step(try planner.request.policed(.repository(step)), vertex: vertex)))
      return .repository(input: inputs.count - 1)
    }
    guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
      if checksum != nil { throw CopyPlanner.uncheckable }
      return nil
    }
    guard isAdd else { throw HullError(.invalidArgument, "source can't be a URL for COPY: use ADD for \(quoted(text))") }
    let digest = try checksum.map { (text) throws(HullError) in try Digest(text) }
    let operation = try planner.request.policed(.download(DownloadStep(url: text, checksum: digest)))
    inputs.append(planner.shared(Step(operation, vertex: planner.internalVertex(text, at: instruction.location))))
    var name = RemoteAddress.fileName(text)
    if name.isEmpty {
      guard !planner.request.tellsConfiguration else {
        throw HullError(.invalidArgument, "cannot determine filename for source \(text): give an address with a file name")
      }
      name = "__unnamed__"
    }
    return .download(input: inputs.count - 1, name: name)
  }
}

extension CopyStep.Source {
  fileprivate var hasSeveral: Bool {
    if case .files(_, let patterns) = self { return patterns.count > 1 }
    return false
  }
}

/// What kind of thing an address names.
enum RemoteAddress {
  /// Whether it is any address: what a context cannot have.
  static func isRemote(_ text: String) -> Bool { GitAddress.matches(text) || text.hasPrefix("http://") || text.hasPrefix("https://") }

  /// The last component of an address's path.
  static func fileName(_ text: String) -> String {
    let path = text.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }.prefix { $0 != "?" && $0 != "#" }
    return path.split(separator: "/").last.map(String.init) ?? ""
  }
}
