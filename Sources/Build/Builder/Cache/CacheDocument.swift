// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import ImageStore
import OCISpec

/// Steps with their results, as they travel: as the configuration of an artifact whose layers are the blobs, or inside an image's configuration.
///
/// Whoever wrote it is not trusted: a blob is only one that the manifest lists, and a layer is what its diff ID says.
struct CacheDocument: Codable, Sendable {
  static let artifactType = "application/vnd.hull.build.cache.v1"
  static let configType = "application/vnd.hull.build.cache.config.v1+json"

  struct Step: Codable, Sendable {
    var key: Digest
    var description: String
    /// Chain ID below; `nil`: none.
    var base: Digest?
    /// What it added; `nil`: nothing.
    var diffID: Digest?
    /// Which blob has it; `nil` in an image, whose manifest says it.
    var blob: Digest?
    /// Nanoseconds since 1970.
    var created: Int64
  }

  /// A cache mount's files.
  struct Mount: Codable, Sendable {
    var id: String
    var blob: Digest
  }

  private(set) var version = 1
  var steps: [Step] = []
  var mounts: [Mount] = []

  /// The same steps give the same bytes, whatever the order in which they were done.
  var encoded: [UInt8] {
    var sorted = self
    sorted.steps.sort { $0.key < $1.key }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(sorted)).map(Array.init) ?? []
  }

  init() {}

  /// `nil` for what is none, or one of another version.
  init?(encoded: [UInt8]) {
    guard let value = try? JSONDecoder().decode(CacheDocument.self, from: Data(encoded)), value.version == 1 else { return nil }
    self = value
  }
}

extension CacheDocument.Step {
  init(_ record: StepRecord) {
    key = record.key
    description = record.description
    base = record.base
    diffID = record.layer?.diffID
    blob = record.descriptor?.digest
    created = record.created
  }
}
