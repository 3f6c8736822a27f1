// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

/// One step as progress shows it.
package struct BuildVertex: Sendable, Hashable {
  /// Stays the same for the same step of the same build.
  package let id: Digest
  /// `[builder 2/5] RUN make`, `[internal] load build context`, …
  package var name: String
  package var inputs: [Digest]
  /// Position among the instructions of a build that runs them in order, from 1, and how many there are; 0: internal.
  package var step = 0
  package var steps = 0
  /// As written; empty: internal.
  package var instruction = ""
  /// It only changes the configuration: progress of graphs leaves it out.
  package var isMetadata = false
  /// From a base image's `ONBUILD`, not from the Dockerfile.
  package var isTrigger = false
  /// Of the instruction; `nil`: internal.
  package var location: SourceRange?
  /// `linux/arm64` when the build is for several platforms.
  package var platform: String?

  package init(id: Digest, name: String, inputs: [Digest] = []) {
    self.id = id
    self.name = name
    self.inputs = inputs
  }
}

/// What happens in a build, in order for each vertex. Times are nanoseconds since 1970.
package enum BuildEvent: Sendable {
  /// All vertices that will be needed, told before any of them starts, except internal ones, which are told as they come.
  case planned([BuildVertex])
  case started(Digest, time: Int64)
  /// `cached`: nothing had to be done. `error`: why it failed.
  case finished(Digest, time: Int64, cached: Bool, error: String?)
  /// What a command wrote: stream 1 or 2, whole lines or not.
  case output(Digest, stream: Int, bytes: [UInt8], time: Int64)
  /// A part of a step: `id` names it for people (`extracting sha256:…`), `total` 0: not known.
  case progress(Digest, id: String, current: Int64, total: Int64, started: Int64, completed: Int64?)
  case warning(Digest?, BuildWarning)
  /// Why a step ran though there is a cache.
  case explained(Digest, String)
  /// For the classic text: an instruction is done, with the ID of what it gave (an image or step ID, 12 digits are shown).
  case result(Digest, id: String)
}

/// Takes the events of one build; called from any thread, one call at a time.
package typealias BuildProgress = @Sendable (BuildEvent) -> Void

/// What a build gave.
package struct BuildResult: Sendable {
  package struct Image: Sendable {
    package var platform: Platform
    /// The configuration's digest, as `docker images` shows it.
    package var id: Digest
    package var config: [UInt8]
    package var manifest: Descriptor
  }

  /// How an image was built, whether or not there is an image of it.
  package struct Provenance: Sendable {
    package var platform: Platform
    /// What kind of predicate it is.
    package var predicateType: String
    package var json: [UInt8]

    package init(platform: Platform, predicateType: String, json: [UInt8]) {
      self.platform = platform
      self.predicateType = predicateType
      self.json = json
    }
  }

  /// One for each platform, where the request wants them: made when it is called. Blocking.
  package var provenance: @Sendable () throws(HullError) -> [Provenance] = { [] }
  /// One for each platform; empty when no image was asked for.
  package var images: [Image] = []
  /// What the tags stand for: the manifest, or the index of several platforms or attestations.
  package var target: Descriptor?
  package var tags: [Reference] = []
  /// The manifest of a cache that has gone into a directory of the client's, whose index is the client's to write.
  package var cacheManifest: Descriptor?
  package var warnings: [BuildWarning] = []
  /// The lines of the Dockerfile, which warnings point into.
  package var lines: [String] = []
  /// The Dockerfile, when it is without mistakes.
  package var dockerfile: Dockerfile?
  /// Of a request that only checks: why it could not be built.
  package var failure: HullError?

  package init() {}
}
