// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import OCISpec

/// A node of the build graph: something to be done, and what must be there before. Two steps are the same step only when they are one object.
final class Step: Sendable {
  let operation: Operation
  /// What it works on; the first is the file system that it goes on from.
  let inputs: [Step]
  let vertex: BuildVertex
  /// Whose steps are looked up by it: the stage's name or number.
  let stage: String
  /// The cache is not asked.
  let ignoresCache: Bool

  init(_ operation: Operation, inputs: [Step] = [], vertex: BuildVertex, stage: String = "", ignoresCache: Bool = false) {
    self.operation = operation
    self.inputs = inputs
    self.vertex = vertex
    self.stage = stage
    self.ignoresCache = ignoresCache
  }
}

enum Operation: Sendable, Hashable {
  /// An empty file system.
  case scratch
  /// The layers of an image that is here.
  case image(Digest)
  /// Files from the client.
  case context(String, ContextSelection)
  case download(DownloadStep)
  case repository(RepositoryStep)
  case directory(DirectoryStep)
  case copy(CopyStep)
  case run(RunStep)
  /// One of the file systems that its input gives, a command of a client's graph.
  case output(Int)
  /// What another build has made.
  case made(LentLayers)
  case remove(RemoveStep)
  case link(LinkStep)
  /// Its inputs on top of each other.
  case merge
  /// What its second input changes of its first one.
  case difference
}

/// A file of the web.
package struct DownloadStep: Sendable, Hashable {
  package var url: String
  package var checksum: Digest?
  /// Fields of the request beside the engine's own, by their names.
  package var headers: [String: String] = [:]
  /// The client's secret that is the value of the request's `Authorization`; `nil`: what the client has for the host, if it has anything.
  package var secret: String?

  package init(url: String, checksum: Digest? = nil) { (self.url, self.checksum) = (url, checksum) }
}

/// A Git repository, or an archive of the web that is a context.
struct RepositoryStep: Sendable, Hashable {
  /// As written.
  var url: String
  var keepsGitDirectory = false
  /// Of the commit, or the beginning of it.
  var checksum: String?
  /// The directory that is meant, beside the address's own.
  var part = ""
  /// The files are fetched only when a step that is not in the cache needs them.
  var waits = false
  /// It is a Git repository, whatever its address looks like.
  var isGit = false
}

/// `WORKDIR`: a directory that must be there.
struct DirectoryStep: Sendable, Hashable {
  /// Absolute and clean.
  var path: String
  /// As `USER` says; empty: root.
  var owner: String
  var mode: UInt32 = 0o755
  var makesParents = true
  /// Nanoseconds since 1970; `nil`: now.
  var time: Int64?
}

/// `COPY` and `ADD`, everything expanded.
struct CopyStep: Sendable, Hashable {
  enum Source: Sendable, Hashable {
    /// Patterns in the tree or file system that is input number `input`.
    case files(input: Int, patterns: [String])
    /// A here-document.
    case inline(name: String, bytes: [UInt8])
    /// A download (input number), under the name that its address gives it.
    case download(input: Int, name: String)
    /// A checkout (input number).
    case repository(input: Int)
  }

  var sources: [Source]
  /// Absolute and clean.
  var destination: String
  /// Written with a slash at its end.
  var intoDirectory: Bool
  var owner: String?
  var mode: String?
  var link = false
  var parents = false
  var excludes: [String] = []
  /// Local archives are unpacked: `ADD`, unless `--unpack` says otherwise.
  var unpacks = false
  /// Downloaded ones, too: `--unpack`.
  var unpacksDownloads = false
  /// As written, for messages and history.
  var instruction: String
  /// `COPY` or `ADD`.
  var verb: String
  /// What files come from, for the message that one is missing; `nil`: the message is the first builder's.
  var origin: String?
  /// Nanoseconds since 1970 that everything gets; `nil`: as it was.
  var time: Int64?
  var details = Details()

  /// Where copies of clients' graphs differ from those of Dockerfiles.
  struct Details: Sendable, Hashable {
    /// A directory that is copied to one that is there goes into it, under its name.
    var keepsDirectory = false
    /// Sources are no patterns.
    var isLiteral = false
    /// A pattern has to find something.
    var needsFiles = false
    /// The directory that the destination is in has to be there.
    var needsParent = false
    /// Only what matches one of these patterns; empty: everything.
    var includes: [String] = []
  }

  static let mainContext = "context"

  /// The sources that are repositories: their places among the sources, and which inputs they are.
  var repositories: [(place: Int, input: Int)] {
    sources.enumerated().compactMap { place, source -> (Int, Int)? in
      guard case .repository(let input) = source else { return nil }
      return (place, input)
    }
  }

  var hasRepositories: Bool { !repositories.isEmpty }
}

/// `RUN`, everything expanded.
struct RunStep: Sendable, Hashable {
  /// Whole, with the shell.
  var arguments: [String]
  /// `NAME=value`: build arguments, then the image's.
  var environment: [String]
  /// `NAME=value` that neither the cache nor the history knows: proxies.
  var hiddenEnvironment: [String] = []
  var directory: String
  var user: String
  var mounts: [Mount] = []
  /// `default`, `none`, `host`, or a container network.
  var network: String
  var insecure = false
  /// Whose programs the stage has.
  var platform: Platform = .host
  /// A here-document that is a program of its own: it is put where the command finds it.
  var script: [UInt8]?
  /// As written, for messages.
  var instruction: String
  /// For the message of a command that fails.
  var shown: String
  /// Empty: the request's.
  var hostname = ""
  /// `name:address`, beside the request's.
  var extraHosts: [String] = []
  /// That are no failure.
  var exitCodes: Set<Int32> = [0]
  /// Its own, before those of the whole build; the cache does not know them.
  var limits = BuildLimits()
  /// As which result the root goes on, where there are several.
  var rootOutput: Int?

  /// What is written to its mounts goes on as results of their own.
  var hasOutputs: Bool { mounts.contains { $0.output != nil } }
  /// Sorted.
  var outputNumbers: [Int] { ([rootOutput] + mounts.map(\.output)).compactMap { $0 }.sorted() }

  struct Mount: Sendable, Hashable {
    var mount: RunMount
    /// Absolute and clean.
    var target: String
    /// Of a bind or a cache with `from`: which input has it.
    var input: Int?
    /// As which result it goes on; `nil`: what is written to it is gone.
    var output: Int?
  }
}
