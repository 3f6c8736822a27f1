// SPDX-License-Identifier: Apache-2.0
import Database
import GRDB

/// The engine's tables.
package enum EngineSchema {
  /// For `HullDatabase(path:schemas:)`.
  package static let schema = Schema(
    name: "engine",
    migrations: [
      (
        "containers",
        { database in
          try database.create(table: "container") { table in
            table.primaryKey("id", .text)
            table.column("name", .text).notNull().unique()
            table.column("created", .integer).notNull()
            table.column("definition", .blob).notNull()
            table.column("status", .text).notNull()
            table.column("exitCode", .integer).notNull()
            table.column("error", .text).notNull()
            table.column("startedAt", .integer).notNull()
            table.column("finishedAt", .integer).notNull()
            table.column("oomKilled", .boolean).notNull()
            table.column("restartCount", .integer).notNull()
            table.column("manuallyStopped", .boolean).notNull()
          }
          try database.create(table: "volume") { table in
            table.primaryKey("name", .text)
            table.column("created", .integer).notNull()
            table.column("anonymous", .boolean).notNull()
          }
        }
      ),
      (
        "networks",
        { database in
          try database.create(table: "network") { table in
            table.primaryKey("id", .text)
            table.column("name", .text).notNull().unique()
            table.column("created", .integer).notNull()
            table.column("definition", .blob).notNull()
          }
          try database.create(table: "setting") { table in
            table.primaryKey("name", .text)
            table.column("value", .text).notNull()
          }
          try database.alter(table: "container") { $0.add(column: "connection", .blob) }
        }
      ),
      (
        "volumes",
        { database in
          try database.alter(table: "volume") { table in
            table.add(column: "labels", .blob)
            table.add(column: "options", .blob)
            table.add(column: "renaming", .text)
          }
        }
      ),
    ])
}
