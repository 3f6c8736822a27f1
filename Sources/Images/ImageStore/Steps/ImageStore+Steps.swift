// SPDX-License-Identifier: Apache-2.0
import Errors
import FoundationEssentials
import GRDB
import Layers
import OCISpec

/// The build cache: results of steps, with their layers.
extension ImageStore {
  /// The result of a step, if it is here.
  package func buildStep(_ key: Digest) throws(HullError) -> StepRecord? {
    try database.ask("look up a build step") { try StepRow.fetch($0, "WHERE key = ?", [key.description]).first }
  }

  /// Notes that results were just used: what was not for the longest time goes first. Nobody waits for it.
  package func touchBuildSteps(_ keys: [Digest]) {
    guard !keys.isEmpty else { return }
    let now = ImageStore.now()
    database.noteSoon { database in
      for key in keys {
        try database.cachedStatement(sql: "UPDATE build_step SET used = ?, uses = uses + 1 WHERE key = ?").execute(arguments: [now, key.description])
      }
    }
  }

  /// The newest result of the same place in the same Dockerfile; one that says what it was made from goes before one from elsewhere.
  package func lastBuildStep(at site: String) throws(HullError) -> StepRecord? {
    try database.ask("look up a build step") {
      try StepRow.fetch($0, "WHERE site = ? ORDER BY length(ingredients) = 0, created DESC LIMIT 1", [site]).first
    }
  }

  /// Every line of the cache, the one that was not used for the longest time first.
  package func buildSteps() throws(HullError) -> [StepRecord] {
    database.writeNotes()
    return try database.ask("list the build cache") { try StepRow.fetch($0, "ORDER BY used, key", []) }
  }

  /// Writes results of steps down; they are on disk for good afterwards.
  /// - Parameter steps: each with all layers that it stands on and its own, lowest first, which the caller has claimed.
  package func record(_ steps: [(step: StepRecord, layers: [LayerInfo])]) throws(HullError) {
    guard !steps.isEmpty else { return }
    try sync()
    // A step that was done anew gave something else, as a rule: what it gave before is no longer needed by its line.
    let lost = try database.write("record build steps") { database in
      var lost: (blobs: [Digest], chains: [Digest]) = ([], [])
      for (step, layers) in steps {
        lost.blobs += try StepRow.fetch(database, "WHERE key = ?", [step.key.description]).compactMap { $0.descriptor?.digest }
        lost.chains += try release(step.holder, in: database)
        try StepRow.insert(step, database)
        try hold(layers, by: step.holder, in: database)
      }
      return lost
    }
    try claims.collect(blobs: lost.blobs, chains: lost.chains)
  }

  private func hold(_ layers: [LayerInfo], by holder: String, in database: GRDB.Database) throws {
    for (position, layer) in layers.enumerated() {
      try database.cachedStatement(sql: "INSERT INTO layer (chain, diff_id, size) VALUES (?, ?, ?) ON CONFLICT (chain) DO NOTHING").execute(
        arguments: [layer.chain.description, layer.diffID.description, layer.size])
      try database.cachedStatement(sql: "INSERT INTO layer_hold (holder, position, chain) VALUES (?, ?, ?)").execute(arguments: [
        holder, position, layer.chain.description,
      ])
    }
  }

  /// Takes lines out of the cache, and their layers and blobs where nothing else needs them.
  /// - Returns: bytes that this freed.
  @discardableResult
  package func removeBuildSteps(_ steps: [StepRecord]) throws(HullError) -> Int64 {
    guard !steps.isEmpty else { return 0 }
    let lost = try database.write("remove build steps") { database in
      var lost: [Digest] = []
      for step in steps {
        try database.cachedStatement(sql: "DELETE FROM build_step WHERE key = ?").execute(arguments: [step.key.description])
        lost += try release(step.holder, in: database)
      }
      return lost
    }
    return try claims.collect(blobs: steps.compactMap { $0.descriptor?.digest }, chains: lost).bytes
  }
}

/// Rows of the table.
private enum StepRow {
  static func insert(_ step: StepRecord, _ database: GRDB.Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO build_step
          (key, site, description, base, chain, diff_id, size, blob, media_type, blob_size, created, used, uses, ingredients)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
        """
    ).execute(arguments: [
      step.key.description, step.site, step.description, step.base?.description, step.layer?.chain.description, step.layer?.diffID.description,
      step.layer?.size ?? 0, step.descriptor?.digest.description, step.descriptor?.mediaType, step.descriptor?.size, step.created, step.created,
      Data(step.ingredients),
    ])
  }

  static func fetch(_ database: GRDB.Database, _ condition: String, _ arguments: StatementArguments) throws -> [StepRecord] {
    let sql = """
      SELECT key, site, description, base, chain, diff_id, size, blob, media_type, blob_size, created, used, uses, ingredients FROM build_step \(condition)
      """
    return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments).map(record)
  }

  private static func record(_ row: Row) throws -> StepRecord {
    func digest(_ index: Int) throws -> Digest? { try (row[index] as String?).map { text in try Digest(text) } }
    var layer: LayerInfo?
    if let chain = try digest(4), let diffID = try digest(5) { layer = LayerInfo(chain: chain, diffID: diffID, size: row[6]) }
    let descriptor = try digest(7).map { Descriptor(mediaType: row[8] ?? "", digest: $0, size: row[9] ?? 0) }
    guard let key = try digest(0) else { throw HullError(.internalError, "a build step without a key") }
    var step = StepRecord(
      key: key, site: row[1], description: row[2], base: try digest(3), layer: layer, descriptor: descriptor, created: row[10],
      ingredients: Array(row[13] as Data))
    (step.used, step.uses) = (row[11], row[12])
    return step
  }
}
