// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import ImageStore
import Layers
import OCISpec

/// Steps with their results, as they travel: in an artifact beside an image, or inside an image's configuration.
struct CacheDocument: Codable, Sendable {
  static let artifactType = "application/vnd.hull.build.cache.v1"
  static let configType = "application/vnd.hull.build.cache.config.v1+json"

  struct Step: Codable, Sendable {
    var key: String
    var site: String
    var description: String
    /// Chain ID below; empty: none.
    var base: String
    /// What it added; `nil`: nothing.
    var diffID: String?
    var blob: Descriptor?
    var created: Int64
    var ingredients: String
  }

  /// A cache mount's files.
  struct Mount: Codable, Sendable {
    var id: String
    var blob: Descriptor
  }

  var steps: [Step] = []
  var mounts: [Mount] = []

  var encoded: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map(Array.init) ?? []
  }

  init() {}

  init?(encoded: [UInt8]) {
    guard let value = try? JSONDecoder().decode(CacheDocument.self, from: Data(encoded)) else { return nil }
    self = value
  }
}

extension CacheDocument.Step {
  init(_ record: StepRecord) {
    key = record.key.hex
    site = record.site
    description = record.description
    base = record.base?.description ?? ""
    diffID = record.layer?.diffID.description
    blob = record.descriptor
    created = record.created
    ingredients = String(decoding: record.ingredients, as: UTF8.self)
  }
}
