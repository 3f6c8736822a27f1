// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// What a value of `SOURCE_DATE_EPOCH` stands for (BuildKit, docs/build-repro.md).
enum EpochSource: Sendable, Hashable {
  /// Seconds since 1970; `nil`: of something that has no time of its own.
  case time(Int64?)
  /// The main context, which the client sends as an archive: the time of the newest file.
  case upload
  /// A repository: the time of the commit. A context of the web: when the server says that it was changed, otherwise the time of its newest file.
  case tree(RepositoryStep)
  /// A file of the web, as such a context.
  case file(DownloadStep)

  /// What is fetched for it, if anything.
  fileprivate var operation: Operation? {
    switch self {
    case .tree(let step): .repository(step)
    case .file(let file): .download(file)
    case .time, .upload: nil
    }
  }
}

/// Finds out what `SOURCE_DATE_EPOCH` stands for in a build.
struct EpochReader {
  let request: BuildRequest
  let dockerfile: Dockerfile

  /// Gives the source of the time, or what the client has put in its place; `nil`: nobody asks for one. Throws `forbidden` for one that is denied.
  func allowedSource() throws(HullError) -> EpochSource? {
    guard let source = try source() else { return nil }
    guard let operation = source.operation else { return source }
    switch try request.policed(operation) {
    case .repository(let step): return .tree(step)
    case .download(let file): return .file(file)
    default: return .time(nil)
    }
  }

  /// Gives the source of the time; `nil`: nobody asks for one.
  ///
  /// The client's argument goes before the file's own (`ARG SOURCE_DATE_EPOCH=…` before the first `FROM`); an empty one takes that away.
  /// - Throws: `invalidArgument` for a value that means nothing, and for a stage that is more than one file or repository.
  func source() throws(HullError) -> EpochSource? {
    let globals = dockerfile.globalValues(request.arguments)
    let given = request.arguments[SourceDateEpoch.name]
    guard let value = given ?? globals[SourceDateEpoch.name], given != nil || !value.isEmpty else { return nil }
    if value.isEmpty { return .time(nil) }
    if let seconds = Int64(value) { return .time(seconds) }
    if value == "context" { return try mainContext() }
    if let context = namedContext(value) { return try source(context) }
    guard let stage = dockerfile.stages.first(where: { $0.name == value.lowercased() }) else {
      throw HullError(
        .invalidArgument,
        "invalid SOURCE_DATE_EPOCH: \(value): use seconds since 1970, \"context\", or the name of a build context or a stage")
    }
    do throws(HullError) {
      return try EpochStage(request: request, dockerfile: dockerfile, globals: globals).source(stage)
    } catch {
      throw error.located(at: stage.location, in: dockerfile, name: request.dockerfile)
    }
  }

  private func mainContext() throws(HullError) -> EpochSource {
    if request.uploadsContext { return .upload }
    return try request.remoteSource().map { EpochSource.tree($0) } ?? .time(nil)
  }

  private func namedContext(_ name: String) -> String? {
    NamedContexts.keys(name, request.platforms.first ?? .host).lazy.compactMap { [request] in request.namedContexts[$0] }.first
  }

  /// Images and the client's files have no time.
  private func source(_ context: String) throws(HullError) -> EpochSource {
    guard RemoteContext.isRemote(context) else { return .time(nil) }
    return .tree(try RepositoryStep(context: context))
  }
}

/// A stage that stands for a source: `FROM scratch` with one `ADD` of an address, and at most `ARG`s beside it.
private struct EpochStage {
  let request: BuildRequest
  let dockerfile: Dockerfile
  var values: [String: String]

  init(request: BuildRequest, dockerfile: Dockerfile, globals: [String: String]) {
    (self.request, self.dockerfile, values) = (request, dockerfile, globals)
    values[SourceDateEpoch.name] = nil
  }

  private var expander: WordExpander { WordExpander(escape: dockerfile.directives.escape) { [values] in values[$0] } }

  func source(_ stage: Stage) throws(HullError) -> EpochSource {
    guard try expander.expand(stage.base) == "scratch" else { throw Self.failure("must use FROM scratch") }
    var (scope, found) = (self, EpochSource?.none)
    for instruction in stage.instructions {
      switch instruction.command {
      case .argument(let list): try scope.declare(list)
      case .add(let add):
        guard found == nil else { throw Self.failure("must contain exactly one remote ADD") }
        found = try scope.source(add)
      default:
        let name = instruction.original.prefix { !$0.isWhitespace }.uppercased()
        throw Self.failure("does not meet source-only requirements: unsupported \(name) instruction")
      }
    }
    guard let found else { throw Self.failure("must contain exactly one remote ADD") }
    return found
  }

  private mutating func declare(_ list: [Assignment]) throws(HullError) {
    for argument in list {
      if let given = request.arguments[argument.key] {
        values[argument.key] = given
      } else if let text = argument.value {
        values[argument.key] = try expander.expand(text)
      }
    }
  }

  private func source(_ add: CopyCommand) throws(HullError) -> EpochSource {
    guard let first = add.sources.first, add.sources.count == 1, add.inline.isEmpty else {
      throw Self.failure("must contain exactly one remote ADD source")
    }
    let address = try expander.expand(first)
    let checksum = try add.checksum.map { (text) throws(HullError) in try expander.expand(text) }
    if let repository = try GitAddress(address), !repository.looksLikePath {
      return .tree(try RepositoryStep(address, repository, keepsGitDirectory: add.keepGitDirectory, checksum: checksum).brought)
    }
    guard RemoteAddress.isRemote(address) else { throw Self.failure("source must be a single HTTP(S) or Git ADD") }
    return .file(DownloadStep(url: address, checksum: try checksum.map { (text) throws(HullError) in try Digest(text) }))
  }

  private static func failure(_ text: String) -> HullError { HullError(.invalidArgument, "SOURCE_DATE_EPOCH stage \(text)") }
}
