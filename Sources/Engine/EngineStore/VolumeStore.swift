// SPDX-License-Identifier: Apache-2.0
import Database
import DockerAPI
import Errors
import Foundation
import GRDB

extension ContainerStore {
  /// Every volume, by name. Blocking.
  package func volumes() throws(HullError) -> [VolumeRecord] {
    try database.read("read the volumes") { try Row.fetchAll($0.cachedStatement(sql: "SELECT * FROM volume ORDER BY name")).map(Self.volume) }
  }

  /// A new volume.
  package func insert(_ volume: VolumeRecord) async throws { try await writer.write { try Self.insert(volume, in: $0) } }

  package func deleteVolume(_ name: String) async throws {
    try await writer.write { try $0.cachedStatement(sql: "DELETE FROM volume WHERE name = ?").execute(arguments: [name]) }
  }

  /// Writes down that a volume is about to get another name; start-up ends what was begun.
  package func beginRename(_ name: String, to other: String) async throws {
    try await writer.write { try $0.cachedStatement(sql: "UPDATE volume SET renaming = ? WHERE name = ?").execute(arguments: [other, name]) }
  }

  /// A rename that had begun has not happened.
  package func forgetRename(_ name: String) async throws {
    try await writer.write { try $0.cachedStatement(sql: "UPDATE volume SET renaming = NULL WHERE name = ?").execute(arguments: [name]) }
  }

  /// The volume of this name is now `record`; others, its snapshots, have new labels.
  package func endRename(_ name: String, to record: VolumeRecord, relabelled: [VolumeRecord]) async throws {
    try await writer.write { database in
      try database.cachedStatement(sql: "UPDATE volume SET name = ?, anonymous = ?, labels = ?, renaming = NULL WHERE name = ?").execute(arguments: [
        record.name, record.anonymous, try Self.text(record.labels), name,
      ])
      for other in relabelled {
        try database.cachedStatement(sql: "UPDATE volume SET labels = ? WHERE name = ?").execute(arguments: [try Self.text(other.labels), other.name])
      }
    }
  }

  static func insert(_ volume: VolumeRecord, in database: GRDB.Database) throws {
    try database.cachedStatement(sql: "INSERT INTO volume (name, created, anonymous, labels, options) VALUES (?, ?, ?, ?, ?)").execute(arguments: [
      volume.name, volume.created, volume.anonymous, try text(volume.labels), try text(volume.options),
    ])
  }

  private static func text(_ map: [String: String]?) throws -> Data? { try map.map { try DockerJSON.encode($0) } }

  private static func volume(_ row: Row) throws -> VolumeRecord {
    func map(_ column: String) throws -> [String: String]? {
      let bytes: Data? = row[column]
      return try bytes.map { try DockerJSON.decode([String: String].self, from: $0) }
    }
    return VolumeRecord(
      name: row["name"], created: row["created"], anonymous: row["anonymous"], labels: try map("labels"), options: try map("options"),
      renaming: row["renaming"])
  }
}
