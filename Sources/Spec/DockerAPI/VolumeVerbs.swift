// SPDX-License-Identifier: Apache-2.0

/// `POST /hull/volumes/{name}/clone`, Hull's own.
package struct VolumeCloneRequest: Codable, Sendable, Equatable, ZeroValue {
  /// Of the new volume; a snapshot without one is named after its volume and the time.
  @OmitEmpty package var name: String
  /// The new volume says what it was taken of, and containers see it read-only.
  @OmitEmpty package var snapshot: Bool

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case snapshot = "Snapshot"
  }
}

/// `POST /hull/volumes/{name}/rename`, Hull's own.
package struct VolumeRenameRequest: Codable, Sendable, Equatable, ZeroValue {
  @OmitEmpty package var name: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
  }
}

/// `POST /hull/volumes/{name}/restore`, Hull's own.
package struct VolumeRestoreRequest: Codable, Sendable, Equatable, ZeroValue {
  /// The volume whose content is taken.
  @OmitEmpty package var snapshot: String

  package init() {}

  enum CodingKeys: String, CodingKey {
    case snapshot = "Snapshot"
  }
}

/// `GET /hull/volumes/{name}/usage`, Hull's own.
package struct VolumeSpace: Codable, Sendable, Equatable, ZeroValue {
  package var name = ""
  /// Bytes on disk; a file with several names counts once, a hole counts nothing.
  package var size: Int64 = 0
  package var inodes: Int64 = 0
  /// Bytes; 0: none.
  package var limit: Int64 = 0
  /// `project quota`, `block file`, or nothing.
  package var limitedBy = ""
  /// Names of containers, running or not.
  package var usedBy: [String] = []

  package init() {}

  enum CodingKeys: String, CodingKey {
    case name = "Name"
    case size = "Size"
    case inodes = "Inodes"
    case limit = "Limit"
    case limitedBy = "LimitedBy"
    case usedBy = "UsedBy"
  }
}
