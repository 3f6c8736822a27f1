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

  /// What files were taken from a file system, and what they were: a key can be made without them.
  struct Selection: Codable, Sendable, Hashable {
    /// Of the file system's chain ID and what was to be taken from it.
    var selection: Digest
    /// Of the files, as keys have it.
    var content: Digest
  }

  private(set) var version = 1
  var steps: [Step] = []
  var mounts: [Mount] = []
  /// Steps that others took files from, by name only: no blobs, no descriptions. What stands on them is found without their being done.
  var passing: [Step] = []
  var selections: [Selection] = []

  /// The same steps give the same bytes, whatever the order in which they were done.
  var encoded: [UInt8] {
    var sorted = self
    sorted.steps.sort { $0.key < $1.key }
    sorted.passing.sort { $0.key < $1.key }
    sorted.selections.sort { $0.selection < $1.selection }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(sorted)).map(Array.init) ?? []
  }

  init() {}

  /// What came to be known later may be missing.
  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    version = try values.decode(Int.self, forKey: .version)
    steps = try values.decode([Step].self, forKey: .steps)
    mounts = try values.decode([Mount].self, forKey: .mounts)
    passing = try values.decodeIfPresent([Step].self, forKey: .passing) ?? []
    selections = try values.decodeIfPresent([Selection].self, forKey: .selections) ?? []
  }

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

  /// No more than its name: whoever gets it need not know what was done.
  var passing: CacheDocument.Step {
    var step = self
    (step.description, step.blob) = ("", nil)
    return step
  }
}
