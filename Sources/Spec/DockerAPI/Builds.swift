// SPDX-License-Identifier: Apache-2.0

/// One line of the answer of `POST /build`.
package struct BuildMessage: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var stream: String
  @OmitEmpty package var status: String
  @OmitEmpty package var progress: String
  package var progressDetail: ProgressDetail?
  @OmitEmpty package var id: String
  package var aux: BuildAux?
  package var errorDetail: ProgressError?
  @OmitEmpty package var error: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case stream, status, progress, progressDetail, id, aux, errorDetail, error
  }
}

/// The image that a build gave.
package struct BuildAux: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
  }
}

/// One record of the build cache in `GET /system/df`.
package struct BuildCacheRecord: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @OmitEmpty package var parents: [String]
  /// `regular`, `source.local`, `source.git.checkout`, `exec.cachemount`, `internal`, `frontend`.
  @Field package var type: String
  @Field package var description: String
  @Field package var inUse: Bool
  @Field package var shared: Bool
  /// bytes
  @Field package var size: Int64
  @Field package var createdAt: String
  @OrNull package var lastUsedAt: String?
  @Field package var usageCount: Int

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "ID"
    case parents = "Parents"
    case type = "Type"
    case description = "Description"
    case inUse = "InUse"
    case shared = "Shared"
    case size = "Size"
    case createdAt = "CreatedAt"
    case lastUsedAt = "LastUsedAt"
    case usageCount = "UsageCount"
  }
}

/// The answer of `POST /build/prune`.
package struct BuildCachePruneReport: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var cachesDeleted: [String]?
  @Field package var spaceReclaimed: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case cachesDeleted = "CachesDeleted"
    case spaceReclaimed = "SpaceReclaimed"
  }
}
