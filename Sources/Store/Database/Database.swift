// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB

/// What one owner keeps in the database: its tables, as a list of steps that only ever grows.
package struct Schema: Sendable {
  /// The owner: `images`, `engine`. Migration names need to be unique only within it.
  package let name: String
  package let migrations: [(String, @Sendable (GRDB.Database) throws -> Void)]

  package init(name: String, migrations: [(String, @Sendable (GRDB.Database) throws -> Void)]) {
    self.name = name
    self.migrations = migrations
  }
}

/// Hull's one SQLite file. An acknowledged write survives the power: WAL with `synchronous = FULL`.
package final class HullDatabase: Sendable {
  /// Reads run beside each other and beside the one writer.
  package let pool: DatabasePool
  private let notes: LateNotes

  /// Opens or makes the file at `path` and brings every schema up to date.
  /// Throws when the file belongs to a newer Hull, which knows steps that this one doesn't.
  package init(path: String, schemas: [Schema]) throws(HullError) {
    var configuration = Configuration()
    configuration.label = "hull"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_size_limit = 4194304") }
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      notes = LateNotes(pool)
      // Not while connections are prepared: the pool sets NORMAL when it turns to WAL.
      try pool.writeWithoutTransaction { try $0.flushesCommits(true) }
      var migrator = DatabaseMigrator()
      for schema in schemas {
        for (name, apply) in schema.migrations { migrator.registerMigration("\(schema.name).\(name)", migrate: apply) }
      }
      let unknown = try pool.read { try migrator.hasBeenSuperseded($0) }
      guard !unknown else { throw HullError(.conflict, "database \(path) was written by a newer hull: upgrade hull or use another --root") }
      try migrator.migrate(pool)
    } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.internalError, "cannot open database \(path)", cause: error)
    }
  }

  /// Runs `body` in one transaction; errors that are not Hull's are wrapped with `what`.
  package func write<Result>(_ what: String, _ body: (GRDB.Database) throws -> Result) throws(HullError) -> Result {
    do { return try pool.write(body) } catch let error as HullError { throw error } catch {
      throw HullError(.internalError, "cannot \(what)", cause: error)
    }
  }

  /// The same for what may be lost with the power, such as the time of the last use: the kernel writes it to the disk when it likes.
  package func note(_ what: String, _ body: (GRDB.Database) throws -> Void) throws(HullError) {
    do { try pool.writeWithoutTransaction { database in try database.withoutFlush { try body(database) } } } catch let error as HullError {
      throw error
    } catch {
      throw HullError(.internalError, "cannot \(what)", cause: error)
    }
  }

  /// The same for what nobody waits for: it is written a moment later, in one transaction with what else is noted until then. An error is nobody's.
  package func noteSoon(_ body: @escaping @Sendable (GRDB.Database) throws -> Void) { notes.add(body) }

  /// Writes down what was noted, for those who want to read it. Blocking.
  package func writeNotes() { notes.write() }

  /// Runs a single statement that reads: it is consistent in itself, without a transaction around it.
  package func ask<Result>(_ what: String, _ body: (GRDB.Database) throws -> Result) throws(HullError) -> Result {
    do { return try pool.unsafeRead(body) } catch let error as HullError { throw error } catch {
      throw HullError(.internalError, "cannot \(what)", cause: error)
    }
  }

  /// Reads one consistent snapshot; errors that are not Hull's are wrapped with `what`.
  package func read<Result>(_ what: String, _ body: (GRDB.Database) throws -> Result) throws(HullError) -> Result {
    do { return try pool.read(body) } catch let error as HullError { throw error } catch {
      throw HullError(.internalError, "cannot \(what)", cause: error)
    }
  }
}
