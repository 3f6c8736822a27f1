// SPDX-License-Identifier: Apache-2.0
import Database
import DockerAPI
import Errors
import Foundation
import GRDB

/// Networks in the database, and what the engine has decided once and for all.
package final class NetworkStore: Sendable {
  private let database: HullDatabase
  private let writer: BatchWriter

  package init(_ database: HullDatabase) {
    self.database = database
    writer = BatchWriter(database)
  }

  /// Returns when it is on disk.
  package func insert(_ record: NetworkRecord) async throws { try await writer.write { try Self.insert(record, $0) } }

  package func delete(_ id: String) async throws { try await writer.write { try Self.delete(id, $0) } }

  /// The same, blocking.
  package func insertNow(_ record: NetworkRecord) throws(HullError) {
    try database.write("write network \(record.name)") { try Self.insert(record, $0) }
  }

  package func deleteNow(_ id: String) throws(HullError) { try database.write("remove network \(id)") { try Self.delete(id, $0) } }

  private static func insert(_ record: NetworkRecord, _ database: GRDB.Database) throws {
    try database.cachedStatement(sql: "INSERT INTO network (id, name, created, definition) VALUES (?, ?, ?, ?)").execute(arguments: [
      record.id, record.name, record.created, try DockerJSON.encode(record.definition),
    ])
  }

  private static func delete(_ id: String, _ database: GRDB.Database) throws {
    try database.cachedStatement(sql: "DELETE FROM network WHERE id = ?").execute(arguments: [id])
  }

  /// Every network, oldest first. Blocking.
  package func networks() throws(HullError) -> [NetworkRecord] {
    try database.read("read the networks") { database in
      try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM network ORDER BY created, id")).map { row in
        let definition: Data = row["definition"]
        return NetworkRecord(
          id: row["id"], name: row["name"], created: row["created"], definition: try DockerJSON.decode(NetworkDefinition.self, from: definition))
      }
    }
  }

  /// The value of a setting, which `make` gives when there is none yet. Blocking.
  package func setting(_ name: String, orElse make: @Sendable () -> String) throws(HullError) -> String {
    let known = try database.read("read the setting \(name)") {
      try String.fetchOne($0.cachedStatement(sql: "SELECT value FROM setting WHERE name = ?"), arguments: [name])
    }
    if let known { return known }
    let value = make()
    try database.write("write the setting \(name)") {
      try $0.cachedStatement(sql: "INSERT INTO setting (name, value) VALUES (?, ?)").execute(arguments: [name, value])
    }
    return value
  }
}
