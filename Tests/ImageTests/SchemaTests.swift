// SPDX-License-Identifier: Apache-2.0
import Database
import GRDB
import ImageStore
import Testing

@Suite("The tables of the images") struct SchemaTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func open(steps: Int) throws -> HullDatabase {
    let schema = ImageStore.schema
    return try HullDatabase(
      path: scratch("hull.db"), schemas: [Schema(name: schema.name, migrations: Array(schema.migrations.prefix(steps)))])
  }

  /// As the fifth step of the tables has it: a child, its parent, and what belongs to them.
  private func fill(_ database: HullDatabase) throws {
    try database.write("fill") { database in
      for (id, parent) in [("parent", nil), ("child", "parent")] {
        try database.execute(
          sql: "INSERT INTO image (id, config, manifest, created, added, tagged, parent, used) VALUES (?, ?, ?, 1, 2, 3, ?, 4)",
          arguments: [id, "config of \(id)".databaseValue, "manifest of \(id)", parent])
        try database.execute(sql: "INSERT INTO manifest VALUES (?, ?, 'type', 5)", arguments: ["manifest of \(id)", id])
      }
      try database.execute(
        sql: """
          INSERT INTO build_step (key, site, description, size, created, used, uses, ingredients)
            VALUES ('key', 'site', 'description', 1, 2, 3, 4, 'ingredients')
          """)
    }
  }

  @Test("a store of an older Hull keeps its images and its build cache") func olderStores() throws {
    try fill(try open(steps: 5))
    let database = try open(steps: .max)
    try database.write("look") { database in
      let images = try Row.fetchAll(
        database, sql: "SELECT id, config, manifest, created, added, tagged, parent, used, artifact_size FROM image ORDER BY id")
      let expected: [[DatabaseValue]] = [
        ["child".databaseValue, "config of child".databaseValue, "manifest of child".databaseValue] + [1, 2, 3].map(\.databaseValue)
          + ["parent".databaseValue, 4.databaseValue, 0.databaseValue],
        ["parent".databaseValue, "config of parent".databaseValue, "manifest of parent".databaseValue] + [1, 2, 3].map(\.databaseValue)
          + [.null, 4.databaseValue, 0.databaseValue],
      ]
      #expect(images.map { Array($0.databaseValues) } == expected)
      let step = try Row.fetchOne(database, sql: "SELECT description, ingredients, uses, base FROM build_step WHERE key = 'key'")
      #expect(step.map { Array($0.databaseValues) } == ["description".databaseValue, "ingredients".databaseValue, 4.databaseValue, .null])
      // What hangs together still does.
      try database.execute(sql: "DELETE FROM image WHERE id = 'parent'")
      #expect(try String.fetchAll(database, sql: "SELECT digest FROM manifest") == ["manifest of child"])
      #expect(try Bool.fetchOne(database, sql: "SELECT parent IS NULL FROM image WHERE id = 'child'") == true)
    }
  }

  @Test("a search for an image does not read those that it passes") func searchesReadKeys() throws {
    let database = try open(steps: .max)
    let plans = try database.read("look") { database in
      try ["image WHERE id = '7'", "build_step WHERE key = '7'"].map {
        try Row.fetchOne(database, sql: "EXPLAIN QUERY PLAN SELECT used FROM \($0)")?["detail"] as String?
      }
    }
    #expect(
      plans == ["SEARCH image USING INDEX sqlite_autoindex_image_1 (id=?)", "SEARCH build_step USING INDEX sqlite_autoindex_build_step_1 (key=?)"])
  }
}
