// SPDX-License-Identifier: Apache-2.0
import Database
import DockerAPI
import Errors
import Foundation
import GRDB

extension ContainerStore {
  /// Every volume, by name. Blocking.
  package func volumes() throws(HullError) -> [VolumeRecord] {
    try database.read("read the volumes") { try Row.fetchAll($0, sql: "SELECT * FROM volume ORDER BY name").map(Self.volume) }
  }

  /// A new volume.
  package func insert(_ volume: VolumeRecord) async throws { try await writer.write { try Self.insert(volume, in: $0) } }

  package func deleteVolume(_ name: String) async throws {
    try await writer.write { try $0.execute(sql: "DELETE FROM volume WHERE name = ?", arguments: [name]) }
  }

  /// Writes down that a volume is about to get another name; start-up ends what was begun.
  package func beginRename(_ name: String, to other: String) async throws {
    try await writer.write { try $0.execute(sql: "UPDATE volume SET renaming = ? WHERE name = ?", arguments: [other, name]) }
  }

  /// Gives a volume its new name, in the definitions of the containers that mount it too.
  package func endRename(_ name: String, to other: String, definitions: [(id: String, definition: ContainerDefinition)]) async throws {
    let encoded = try definitions.map { (id: $0.id, bytes: try DockerJSON.encode($0.definition)) }
    try await writer.write { database in
      try database.execute(sql: "UPDATE volume SET name = ?, renaming = NULL WHERE name = ?", arguments: [other, name])
      for (id, bytes) in encoded { try database.execute(sql: "UPDATE container SET definition = ? WHERE id = ?", arguments: [bytes, id]) }
    }
  }

  static func insert(_ volume: VolumeRecord, in database: GRDB.Database) throws {
    try database.execute(
      sql: "INSERT INTO volume (name, created, anonymous, labels, options) VALUES (?, ?, ?, ?, ?)",
      arguments: [volume.name, volume.created, volume.anonymous, try text(volume.labels), try text(volume.options)])
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
