// SPDX-License-Identifier: Apache-2.0
import Errors
import GRDB
import OCISpec

extension ImageStore {
  /// Keeps an image's layers for a container, until `release`, even when the image is removed. Survives restarts.
  /// - Returns: the layers' directories, topmost first.
  package func hold(_ image: ImageID, by container: String) throws(HullError) -> [String] {
    try database.write("keep the layers of \(image)") { try hold(image, by: container, in: $0) }
  }

  /// The same within a transaction of the caller's.
  @discardableResult
  package func hold(_ image: ImageID, by container: String, in database: GRDB.Database) throws -> [String] {
    let catalog = Catalog(database: database)
    guard try catalog.exists(image) else { throw HullError(.notFound, "No such image: \(image)") }
    let chains = try catalog.chains(of: image)
    try catalog.touch(image, now: ImageStore.now())
    for (position, chain) in chains.enumerated() {
      try database.cachedStatement(
        sql: "INSERT INTO layer_hold (holder, position, chain) VALUES (?, ?, ?) ON CONFLICT (holder, position) DO UPDATE SET chain = excluded.chain"
      ).execute(arguments: [container, position, chain.description])
    }
    return chains.reversed().map(layers.path(of:))
  }

  /// Notes within a transaction of the caller's that images are just being used: what was not for the longest time goes first when the disk is
  /// full.
  package func touch(_ images: [ImageID], in database: GRDB.Database) throws {
    let (catalog, now) = (Catalog(database: database), ImageStore.now())
    for image in images { try catalog.touch(image, now: now) }
  }

  /// The directories of the layers that `container` holds, topmost first.
  package func layersHeld(by container: String) throws(HullError) -> [String] {
    try database.read("look up the layers of \(container)") { database in
      try Catalog(database: database).held(by: container).reversed().map(layers.path(of:))
    }
  }

  /// Lets go; layers that nothing else uses are removed.
  package func release(_ container: String) throws(HullError) {
    try collect(try database.write("let go of the layers of \(container)") { try release(container, in: $0) })
  }

  /// The same within a transaction of the caller's, who then has the layers that it gives collected.
  package func release(_ container: String, in database: GRDB.Database) throws -> [Digest] {
    let catalog = Catalog(database: database)
    let chains = try catalog.held(by: container)
    try database.cachedStatement(sql: "DELETE FROM layer_hold WHERE holder = ?").execute(arguments: [container])
    return try chains.reversed().filter(catalog.forgetLayer)
  }

  /// Removes layers that nothing uses any more (chain IDs).
  package func collect(_ lost: [Digest]) throws(HullError) { try claims.collect(blobs: [], chains: lost) }

  /// Containers that hold layers: what start-up compares with the containers it knows.
  package func layerHolders() throws(HullError) -> [String] {
    let all = try database.read("look up who holds layers") {
      try String.fetchAll($0.cachedStatement(sql: "SELECT DISTINCT holder FROM layer_hold ORDER BY holder"))
    }
    return all.filter { !$0.hasPrefix(StepRecord.holderPrefix) }
  }
}

extension Catalog {
  /// Lowest first.
  fileprivate func held(by container: String) throws -> [Digest] {
    try digests("SELECT chain FROM layer_hold WHERE holder = ? ORDER BY position", [container])
  }
}
