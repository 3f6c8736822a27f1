// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import OCISpec
import Threads

/// Gets the Dockerfile and the rules of the context's ignore file.
struct DockerfileLoader {
  private static let limit = 16 << 20

  let request: BuildRequest
  let session: any BuildSession
  let repositories: FetchedRepositories
  let report: BuildReport
  /// The files of an input that is a graph.
  let files: @Sendable (BuildInput) async throws -> any FileTree

  init(
    request: BuildRequest, session: any BuildSession, repositories: FetchedRepositories, report: BuildReport,
    files: @escaping @Sendable (BuildInput) async throws -> any FileTree
  ) {
    (self.request, self.session, self.repositories, self.report, self.files) = (request, session, repositories, report, files)
  }

  /// The Dockerfile as far as it can be read, the mistake that ends it, and the rules of the ignore file.
  struct Loaded: Sendable {
    var dockerfile: Dockerfile
    var mistake: HullError?
    var ignored: [String]
    /// The rules of those named contexts that are files of the client, by their names in the session.
    var namedIgnored: [String: [String]]
  }

  func load() async throws -> Loaded {
    let tree = try await definition()
    let path = TreePaths.clean(request.dockerfile)
    let name = request.dockerfile
    let text: [UInt8]
    if let given = request.dockerfileText {
      text = given
    } else {
      text = try await self.text(path, tree)
    }
    let (dockerfile, mistake) = try await Blocking.run { DockerfileParser.read(text, name: name) }
    return Loaded(dockerfile: dockerfile, mistake: mistake, ignored: try await ignoreFile(path, tree), namedIgnored: try await namedIgnoreFiles())
  }

  private func text(_ path: String, _ tree: (any FileTree)?) async throws -> [UInt8] {
    for name in [path, DockerfileLoader.lowercased(path)].compactMap(\.self) {
      if let tree, let read = try await read(name, tree) { return read }
    }
    if let tree, let read = try await loneDockerfile(tree) { return read }
    throw missing(path)
  }

  /// The context is an address of a Dockerfile, which has no other name than that.
  private func loneDockerfile(_ tree: any FileTree) async throws -> [UInt8]? {
    guard let address = request.remoteContext, !GitAddress.matches(address) else { return nil }
    guard try await Blocking.run({ try tree.names(in: "") }) == ["Dockerfile"] else { return nil }
    return try await read("Dockerfile", tree)
  }

  /// `dockerfile` does as well as `Dockerfile`; `nil` for other names.
  private static func lowercased(_ path: String) -> String? {
    let (directory, name) = TreePaths.split(path)
    return name == "Dockerfile" ? TreePaths.join(directory, "dockerfile") : nil
  }

  private func missing(_ path: String) -> HullError {
    HullError(
      .invalidArgument,
      "failed to read dockerfile: open \(path): no such file or directory: Cannot locate specified Dockerfile: \(request.dockerfile)")
  }

  private func definition() async throws -> (any FileTree)? {
    if let key = request.dockerfileInput, let input = request.inputs[key] { return try await files(input) }
    if request.dockerfileContext == CopyStep.mainContext, let source = try request.remoteSource() { return try await repositories.tree(source) }
    var selection = ContextSelection()
    let path = TreePaths.clean(request.dockerfile)
    selection.includes = [path, DockerfileLoader.lowercased(path), path + ".dockerignore", ".dockerignore"].compactMap(\.self)
    selection.followed = selection.includes
    let vertex = BuildVertex(
      id: SHA256.digest(of: "\(request.id) dockerfile"), name: "[internal] load build definition from \(TreePaths.split(path).name)")
    return try await report.during(vertex) {
      do { return try await session.context(request.dockerfileContext, selection) } catch let error as HullError
        where error.code == .notFound && request.dockerfileText != nil
      {
        return nil
      }
    }
  }

  /// `<Dockerfile>.dockerignore` when it is there, otherwise `.dockerignore` at the root of the context.
  private func ignoreFile(_ path: String, _ tree: (any FileTree)?) async throws -> [String] {
    var found = try await tree.asyncFlatMap { try await read(path + ".dockerignore", $0) }
    if found == nil { found = try await tree.asyncFlatMap { try await read(".dockerignore", $0) } }
    if found == nil, request.dockerfileContext != "context", request.remoteContext == nil, request.contextInput == nil {
      // BuildKit's clients send the Dockerfile's directory apart from the context.
      var selection = ContextSelection()
      selection.includes = [".dockerignore"]
      if let context = try? await session.context("context", selection) { found = try await read(".dockerignore", context) }
    }
    guard let bytes = found else { return [] }
    return try IgnorePatterns(file: bytes).patterns
  }

  private func namedIgnoreFiles() async throws -> [String: [String]] {
    var rules: [String: [String]] = [:]
    for case let name? in request.namedContexts.values.map(NamedContexts.clientFiles) {
      var selection = ContextSelection()
      selection.includes = [".dockerignore"]
      // A context that is not offered is missed only by who needs it.
      guard let tree = try? await session.context(name, selection), let file = try await read(".dockerignore", tree) else { continue }
      rules[name] = try IgnorePatterns(file: file).patterns
    }
    return rules
  }

  private func read(_ path: String, _ tree: any FileTree) async throws -> [UInt8]? {
    try await Blocking.run { () throws -> [UInt8]? in
      let place = try TreePaths.resolve(path, in: tree)
      guard let node = try tree.node(place), node.kind == .regular else { return nil }
      guard node.size <= DockerfileLoader.limit else {
        throw HullError(.tooLarge, "\(path) has \(node.size) bytes, more than \(DockerfileLoader.limit)")
      }
      var bytes: [UInt8] = []
      try tree.read(place) { bytes += $0 }
      return bytes
    }
  }
}

extension Optional {
  fileprivate func asyncFlatMap<Result>(_ body: (Wrapped) async throws -> Result?) async throws -> Result? {
    guard let self else { return nil }
    return try await body(self)
  }
}
