// SPDX-License-Identifier: Apache-2.0

/// The answer of `POST /containers/create`.
package struct ContainerCreateResponse: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String
  @Field package var warnings: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case warnings = "Warnings"
  }
}

/// The answer of `POST /containers/{id}/wait`.
package struct ContainerWaitResponse: Codable, Sendable, Equatable, ZeroValue {
  @Field package var statusCode: Int64
  package var error: ContainerWaitError?

  package init() {}

  enum CodingKeys: String, CodingKey {
    case statusCode = "StatusCode"
    case error = "Error"
  }
}

/// Why a wait has failed.
package struct ContainerWaitError: Codable, Sendable, Equatable, ZeroValue {
  @Field package var message: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case message = "Message"
  }
}

/// The answer of `GET /containers/{id}/top`.
package struct ContainerTop: Codable, Sendable, Equatable, ZeroValue {
  @Field package var titles: [String]
  @Field package var processes: [[String]]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case titles = "Titles"
    case processes = "Processes"
  }
}

/// The answer of `POST /containers/{id}/update`.
package struct ContainerUpdateResponse: Codable, Sendable, Equatable, ZeroValue {
  @Field package var warnings: [String]

  package init() {}

  enum CodingKeys: String, CodingKey {
    case warnings = "Warnings"
  }
}

/// The answer of `POST /containers/prune`.
package struct ContainersPruneReport: Codable, Sendable, Equatable, ZeroValue {
  @OrNull package var containersDeleted: [String]?
  @Field package var spaceReclaimed: Int64

  package init() {}

  enum CodingKeys: String, CodingKey {
    case containersDeleted = "ContainersDeleted"
    case spaceReclaimed = "SpaceReclaimed"
  }
}

/// One entry of `GET /containers/{id}/changes`.
package struct FilesystemChange: Codable, Sendable, Equatable, ZeroValue {
  @Field package var path: String
  /// 0 modified, 1 added, 2 deleted
  @Field package var kind: Int

  package init() {}

  enum CodingKeys: String, CodingKey {
    case path = "Path"
    case kind = "Kind"
  }
}

/// What the header `X-Docker-Container-Path-Stat` says (base64 of this as JSON).
package struct PathStat: Codable, Sendable, Equatable, ZeroValue {
  @Field package var name: String
  @Field package var size: Int64
  /// Go's `os.FileMode` bits
  @Field package var mode: UInt32
  @Field package var mtime: String
  @Field package var linkTarget: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name
    case size
    case mode
    case mtime
    case linkTarget
  }
}

/// An answer that is an ID.
package struct IDResponse: Codable, Sendable, Equatable, ZeroValue {
  @Field package var id: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case id = "Id"
  }
}
