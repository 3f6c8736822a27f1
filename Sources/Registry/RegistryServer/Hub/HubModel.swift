// SPDX-License-Identifier: Apache-2.0

/// A repository in the hub's list.
struct RepositorySummary: Encodable, Sendable {
  let name: String
  let description: String
  let tags: Int
  /// The tag that was set last.
  let newest: String?
  /// When it was set, seconds since 1970.
  let updated: Int64?
  let platforms: [String]
  /// Bytes to pull of the newest tag's first platform.
  let size: Int64?
}

/// A tag in a repository's list.
struct TagSummary: Encodable, Sendable {
  let tag: String
  let digest: String
  let platforms: [String]
  let size: Int64
  let updated: Int64?
}

/// Everything about one tag or manifest.
struct ImageDetail: Encodable, Sendable {
  struct Layer: Encodable, Sendable {
    /// Nil for a step that made no layer.
    let digest: String?
    let size: Int64
    let mediaType: String?
    /// The instruction that made it.
    let instruction: String?
    let created: String?
  }

  struct Variant: Encodable, Sendable {
    let platform: String
    let digest: String
    let size: Int64
    let created: String?
    let author: String?
    let command: [String]
    let entrypoint: [String]
    let workingDirectory: String
    let user: String
    /// Names only: values may be secrets.
    let environment: [String]
    let ports: [String]
    let volumes: [String]
    let labels: [String: String]
    let layers: [Layer]
  }

  struct Referrer: Encodable, Sendable {
    let digest: String
    let artifactType: String
    let size: Int64
    let annotations: [String: String]
  }

  let name: String
  let reference: String
  let digest: String
  let mediaType: String
  let description: String
  let updated: Int64?
  let annotations: [String: String]
  let variants: [Variant]
  let referrers: [Referrer]
}
