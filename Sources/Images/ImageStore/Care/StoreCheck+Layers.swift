// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import GRDB
import Layers
import OCISpec

/// Layers that rows speak of.
extension StoreCheck {
  mutating func checkLayers() throws(HullError) {
    for layer in try store.database.read("look up layers", { try Catalog(database: $0).neededLayers() }) {
      guard let damage = damage(of: layer) else { continue }
      // It may have been removed meanwhile.
      guard try store.database.read("look up layer \(layer.chain)", { try Catalog(database: $0).needsLayer(layer.chain) }) else { continue }
      let problem = StoreProblem("layer \(layer.chain)", damage.problem, bytes: damage.bytes)
      report.problems.append(try mended(problem, layer))
    }
  }

  private mutating func damage(of layer: LayerInfo) -> (problem: String, bytes: Int64)? {
    guard let usage = try? TreeUsage(of: store.layers.path(of: layer.chain)) else { return ("its directory is missing", 0) }
    report.layers += 1
    report.count(usage)
    guard let info = store.layers.info(layer.chain) else {
      return ("it does not say which layer it is: the file \"layer\" is missing or unreadable", usage.content)
    }
    report.files += 1
    guard info.diffID == layer.diffID else { return ("it says that it is \(info.diffID), but it is on record as \(layer.diffID)", usage.content) }
    guard usage.content == layer.size else { return ("its files have \(usage.content) bytes, but \(layer.size) are on record", usage.content) }
    guard info.size == layer.size else { return ("it says that it has \(info.size) bytes, but \(layer.size) are on record", usage.content) }
    return nil
  }

  /// The problem, mended if that was asked for and is possible.
  private func mended(_ problem: StoreProblem, _ layer: LayerInfo) throws(HullError) -> StoreProblem {
    var problem = problem
    let holders = try store.database.read("look up layer \(layer.chain)") { try Catalog(database: $0).holders(of: layer.chain) }
    if let holder = holders.first(where: options.isRunning) {
      problem.fix = "stop the container \(holder.prefix { $0 != "/" }.prefix(12)), which runs on it, then \(StoreProblem.mend)"
      return problem
    }
    let sources = try store.sources(of: layer)
    guard let source = sources.first(where: { store.blobs.size(of: $0.blob) != nil }) else {
      let images = try store.database.read("look up layer \(layer.chain)") { try Catalog(database: $0).images(withLayer: layer.chain) }
      problem.fix =
        images.isEmpty
        ? "remove the containers that were made from it: no image has it any more" : "\(try refetch(images)), then \(StoreProblem.mend)"
      return problem
    }
    guard options.mend else {
      problem.fix = "\(StoreProblem.mend): it is unpacked anew"
      return problem
    }
    do throws(HullError) {
      try store.unpackAnew(layer, from: source)
      problem.mended = true
    } catch {
      problem.fix = "it cannot be unpacked anew (\(error)): \(try refetch([source.image])), then \(StoreProblem.mend)"
    }
    return problem
  }
}

extension ImageStore {
  /// Where a layer can be had from: the blob that an image has for it, and the layers below it there.
  struct LayerOrigin {
    let image: ImageID
    let blob: Digest
    /// Lowest first.
    let below: [Digest]
  }

  func sources(of layer: LayerInfo) throws(HullError) -> [LayerOrigin] {
    let images = try database.read("look up layer \(layer.chain)") { database in
      let catalog = Catalog(database: database)
      return try catalog.images(withLayer: layer.chain).map { ($0, try catalog.chains(of: $0), try catalog.manifests(of: $0)) }
    }
    var origins: [LayerOrigin] = []
    for (image, chains, manifests) in images {
      guard let position = chains.firstIndex(of: layer.chain) else { continue }
      for manifest in manifests {
        guard let blobs = try? self.manifest(manifest).layers, blobs.count == chains.count else { continue }
        origins.append(LayerOrigin(image: image, blob: blobs[position].digest, below: Array(chains[..<position])))
      }
    }
    return origins
  }

  /// Unpacks a damaged layer again, and writes down how large it is.
  func unpackAnew(_ layer: LayerInfo, from origin: LayerOrigin) throws(HullError) {
    try claims.during { (claim) throws(HullError) in
      claim.claim(blobs: [origin.blob], chains: origin.below + [layer.chain])
      let below = origin.below.reversed().map { layers.path(of: $0) }
      let lower = below.isEmpty ? nil : LowerStack { () throws(HullError) in below }
      let info = try layers.unpackAnew(layer, above: lower) { () throws(HullError) in try blobs.source(origin.blob) }
      try sync()
      try database.write("record layer \(layer.chain)") { database in
        try database.cachedStatement(sql: "UPDATE layer SET size = ? WHERE chain = ?").execute(arguments: [info.size, info.chain.description])
      }
    }
  }
}

extension Catalog {
  fileprivate func neededLayers() throws -> [LayerInfo] {
    try Row.fetchAll(database.cachedStatement(sql: "SELECT chain, diff_id, size FROM layer ORDER BY chain")).map(layer).filter {
      try needsLayer($0.chain)
    }
  }

  fileprivate func manifests(of image: ImageID) throws -> [Descriptor] {
    try digests("SELECT digest FROM manifest WHERE image = ?", [image.description]).compactMap(manifest)
  }
}
