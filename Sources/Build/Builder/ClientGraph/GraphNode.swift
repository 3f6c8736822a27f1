// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import OCISpec

/// An operation of a build graph that a client has made itself (BuildKit's LLB), with what it works on.
package final class GraphNode: Sendable {
  package let operation: GraphOperation
  package let inputs: [GraphEdge]
  /// How progress shows it.
  package let name: String
  /// Whose programs run and whose images are taken; `nil`: the build's.
  package let platform: Platform?
  /// The cache is not asked.
  package let ignoresCache: Bool
  /// Of the operation as the client wrote it.
  package let digest: Digest

  package init(
    _ operation: GraphOperation, inputs: [GraphEdge] = [], name: String, platform: Platform? = nil, ignoresCache: Bool = false, digest: Digest
  ) {
    (self.operation, self.inputs, self.name) = (operation, inputs, name)
    (self.platform, self.ignoresCache, self.digest) = (platform, ignoresCache, digest)
  }
}

/// One of the file systems that an operation gives.
package struct GraphEdge: Sendable {
  package let node: GraphNode
  package let output: Int

  package init(_ node: GraphNode, output: Int = 0) { (self.node, self.output) = (node, output) }
}

package enum GraphOperation: Sendable {
  /// An image by its name, and what that must stand for.
  case image(String, checksum: Digest? = nil)
  /// An image of an OCI layout of the client's.
  case layout(LayoutAddress)
  /// Files of the client's, by the name of the context.
  case context(String, ContextSelection)
  case repository(url: String, keepsGitDirectory: Bool, checksum: String?)
  case download(GraphDownload)
  /// What another build has made, which has to stay open meanwhile.
  case made(MadeImage)
  case run(GraphRun)
  case change([GraphChange])
  /// The inputs on top of each other, the first lowest.
  case merge([Int])
  /// What `upper` changes of `lower`; `nil`: nothing.
  case difference(lower: Int?, upper: Int?)
}

/// A file of the web in a file system.
package struct GraphDownload: Sendable, Hashable {
  package var step: DownloadStep
  /// What it is called.
  package var name: String
  package var mode: UInt32 = 0o600
  package var uid: UInt32 = 0
  package var gid: UInt32 = 0

  package init(_ step: DownloadStep, name: String) { (self.step, self.name) = (step, name) }
}

/// A command.
package struct GraphRun: Sendable {
  package var arguments: [String] = []
  /// `NAME=value`
  package var environment: [String] = []
  /// `NAME=value` that the cache does not know: proxies.
  package var hiddenEnvironment: [String] = []
  package var directory = "/"
  package var user = ""
  /// `default`, `none` or `host`.
  package var network = "default"
  package var insecure = false
  /// Empty: the builder's own.
  package var hostname = ""
  /// `name:address`
  package var extraHosts: [String] = []
  /// Its own, before those of the whole build.
  package var limits = BuildLimits()
  /// Exit codes that are no failure.
  package var exitCodes: Set<Int32> = [0]
  /// The first is the root.
  package var mounts: [GraphMount] = []

  package init() {}
}

package struct GraphMount: Sendable {
  /// With `source`, `readOnly` and what belongs to its kind.
  package var mount: RunMount
  /// Absolute.
  package var target: String
  /// Which input has the files; `nil`: none.
  package var input: Int?
  /// As which result it goes on; `nil`: what is written to it is gone.
  package var output: Int?

  package init(_ mount: RunMount, target: String, input: Int?, output: Int?) {
    (self.mount, self.target, self.input, self.output) = (mount, target, input, output)
  }
}

/// A change of files.
package struct GraphChange: Sendable {
  /// Where the files come from that it goes on from, or copies.
  package enum Source: Sendable {
    case nothing
    case input(Int)
    /// What an earlier change of the same operation has given.
    case change(Int)
  }

  package enum Action: Sendable {
    case copy(GraphCopy)
    case makeFile(path: String, mode: UInt32, bytes: [UInt8])
    case makeDirectory(path: String, mode: UInt32, makesParents: Bool)
    case remove(path: String, allowsMissing: Bool, isPattern: Bool)
    /// A symbolic link at `path`.
    case link(path: String, target: String)
  }

  package var base: Source
  /// What is copied from.
  package var other: Source
  /// As which result of the operation it goes on; `nil`: only to other changes.
  package var output: Int?
  package var action: Action
  /// `user[:group]`, names or numbers; `nil`: root, or with `copy` who it was.
  package var owner: String?
  /// Nanoseconds since 1970 for what is made; `nil`: now, or with `copy` as it was.
  package var time: Int64?

  package init(_ action: Action, base: Source, other: Source = .nothing, output: Int? = nil) {
    (self.action, self.base, self.other, self.output) = (action, base, other, output)
  }
}

package struct GraphCopy: Sendable {
  package var source: String
  package var destination: String
  /// As `chmod` takes it; `nil`: as it is.
  package var mode: String?
  package var copiesContents = false
  package var makesDestination = false
  package var allowsPatterns = false
  /// A pattern that finds nothing is no failure.
  package var allowsNothing = false
  package var unpacks = false
  package var includes: [String] = []
  package var excludes: [String] = []

  package init(_ source: String, to destination: String) { (self.source, self.destination) = (source, destination) }
}

/// What a client gives to a build in place of a context, a stage's base, or a whole Dockerfile.
package struct BuildInput: Sendable {
  package var root: GraphEdge?
  /// What an image of it says of itself; `nil`: it is no image.
  package var config: ImageConfig?

  /// - Parameter root: `nil`: an empty file system.
  package init(_ root: GraphEdge?, config: ImageConfig? = nil) { (self.root, self.config) = (root, config) }
}
