// SPDX-License-Identifier: Apache-2.0
import Database
import DockerAPI
import Errors
import Foundation
import GRDB

/// Containers and volumes in the database. Writes return when they are on disk; writes of many callers share a flush.
package final class ContainerStore: Sendable {
  let database: HullDatabase
  let writer: BatchWriter

  package init(_ database: HullDatabase) {
    self.database = database
    writer = BatchWriter(database)
  }

  /// A new container together with the volumes made for it. `also` runs in the same transaction.
  package func insert(
    _ record: ContainerRecord, volumes: [VolumeRecord], also: @escaping @Sendable (GRDB.Database) throws -> Void = { _ in }
  ) async throws {
    let definition = try DockerJSON.encode(record.definition)
    try await writer.write { database in
      for volume in volumes { try Self.insert(volume, in: database) }
      let state = record.state
      try database.cachedStatement(sql: Self.insertion).execute(arguments: [
        record.id, record.name, record.created, definition, state.status.rawValue, state.exitCode, state.error, state.startedAt, state.finishedAt,
        state.oomKilled, state.restartCount, state.manuallyStopped,
      ])
      try also(database)
    }
  }

  private static let insertion = """
    INSERT INTO container
    (id, name, created, definition, status, exitCode, error, startedAt, finishedAt, oomKilled, restartCount, manuallyStopped)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  /// `also` runs in the same transaction.
  package func save(
    _ state: StateRecord, of id: String, also: @escaping @Sendable (GRDB.Database) throws -> Void = { _ in }
  ) async throws {
    let connection = try state.connection.map { try DockerJSON.encode($0) }
    try await writer.write { database in
      try database.cachedStatement(
        sql: """
          UPDATE container SET status = ?, exitCode = ?, error = ?, startedAt = ?, finishedAt = ?, oomKilled = ?, restartCount = ?,
          manuallyStopped = ?, connection = ? WHERE id = ?
          """
      ).execute(arguments: [
        state.status.rawValue, state.exitCode, state.error, state.startedAt, state.finishedAt, state.oomKilled, state.restartCount,
        state.manuallyStopped, connection, id,
      ])
      try also(database)
    }
  }

  /// What a container is has changed. `volumes` were made for that; `also` runs in the same transaction.
  package func save(
    _ definition: ContainerDefinition, of id: String, volumes: [VolumeRecord] = [],
    also: @escaping @Sendable (GRDB.Database) throws -> Void = { _ in }
  ) async throws {
    let encoded = try DockerJSON.encode(definition)
    try await writer.write { database in
      for volume in volumes { try Self.insert(volume, in: database) }
      try database.cachedStatement(sql: "UPDATE container SET definition = ? WHERE id = ?").execute(arguments: [encoded, id])
      try also(database)
    }
  }

  /// Both in one transaction.
  package func save(_ state: StateRecord, _ definition: ContainerDefinition, of id: String) async throws {
    let encoded = try DockerJSON.encode(definition)
    try await save(state, of: id) { database in
      try database.cachedStatement(sql: "UPDATE container SET definition = ? WHERE id = ?").execute(arguments: [encoded, id])
    }
  }

  /// A container that has been made anew, together with the volumes made for it. `also` runs in the same transaction.
  package func replace(
    _ record: ContainerRecord, volumes: [VolumeRecord], also: @escaping @Sendable (GRDB.Database) throws -> Void
  ) async throws {
    let encoded = try DockerJSON.encode(record.definition)
    try await writer.write { database in
      for volume in volumes { try Self.insert(volume, in: database) }
      try database.cachedStatement(sql: "UPDATE container SET definition = ? WHERE id = ?").execute(arguments: [encoded, record.id])
      try also(database)
    }
  }

  package func rename(_ id: String, to name: String) async throws {
    try await writer.write { database in
      try database.cachedStatement(sql: "UPDATE container SET name = ? WHERE id = ?").execute(arguments: [name, id])
    }
  }

  /// Forgets a container. `also` runs in the same transaction.
  package func delete(
    _ id: String, also: @escaping @Sendable (GRDB.Database) throws -> Void = { _ in }
  ) async throws {
    try await writer.write { database in
      try database.cachedStatement(sql: "DELETE FROM container WHERE id = ?").execute(arguments: [id])
      try also(database)
    }
  }

  /// Every container, oldest first. Blocking. Throws when a row cannot be read.
  package func containers() throws(HullError) -> [ContainerRecord] {
    try database.read("read the containers") { database in
      try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM container ORDER BY created, id")).map(Self.record)
    }
  }

  private static func record(_ row: Row) throws -> ContainerRecord {
    var state = StateRecord()
    state.status = StateRecord.Status(rawValue: row["status"]) ?? .exited
    state.exitCode = row["exitCode"]
    state.error = row["error"]
    state.startedAt = row["startedAt"]
    state.finishedAt = row["finishedAt"]
    state.oomKilled = row["oomKilled"]
    state.restartCount = row["restartCount"]
    state.manuallyStopped = row["manuallyStopped"]
    let connection: Data? = row["connection"]
    state.connection = try connection.map { try DockerJSON.decode(ConnectionRecord.self, from: $0) }
    let definition: Data = row["definition"]
    return ContainerRecord(
      id: row["id"], name: row["name"], created: row["created"], definition: try DockerJSON.decode(ContainerDefinition.self, from: definition),
      state: state)
  }
}
