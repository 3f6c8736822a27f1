// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import Testing

@testable import Database

@Suite("The database") struct DatabaseTests {
  private let scratch: Scratch
  private let database: HullDatabase

  init() throws {
    scratch = try Scratch()
    database = try HullDatabase(path: scratch("hull.db"), schemas: [])
  }

  private func flush(_ database: GRDB.Database) throws -> Int? { try Int.fetchOne(database, sql: "PRAGMA synchronous") }

  @Test("acknowledged means on disk: every commit is flushed") func commitsAreFlushed() throws {
    #expect(try database.write("look") { try flush($0) } == 2)
  }

  @Test("only what may be lost is not, and what comes after it is again") func notesAreNot() throws {
    var during: Int?
    try database.note("note") { during = try flush($0) }
    #expect(during == 1)
    #expect(throws: HullError.self) { try database.note("note") { _ in throw HullError(.conflict, "no") } }
    #expect(try database.write("look") { try flush($0) } == 2)
  }

  @Test("a note that fails leaves nothing") func failedNotesAreUndone() throws {
    try database.write("make") { try $0.execute(sql: "CREATE TABLE t (a)") }
    #expect(throws: HullError.self) {
      try database.note("note") {
        try $0.execute(sql: "INSERT INTO t VALUES (1)")
        throw HullError(.conflict, "no")
      }
    }
    #expect(try rows() == 0)
  }

  private func rows() throws -> Int? { try database.read("look") { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } }

  @Test("what nobody waits for is there for those who ask for it, but not what has failed of it") func lateNotes() throws {
    try database.write("make") { try $0.execute(sql: "CREATE TABLE t (a)") }
    for number in 1...3 {
      database.noteSoon {
        try $0.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
        if number == 2 { throw HullError(.conflict, "no") }
      }
    }
    database.writeNotes()
    #expect(try rows() == 2)
    #expect(try database.write("look") { try flush($0) } == 2)
  }

  @Test("what nobody asks for is written, too", .timeLimit(.minutes(1))) func notesComeByThemselves() async throws {
    try database.write("make") { try $0.execute(sql: "CREATE TABLE t (a)") }
    database.noteSoon { try $0.execute(sql: "INSERT INTO t VALUES (1)") }
    while try rows() == 0 { await Task.yield() }
  }
}
