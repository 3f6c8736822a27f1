// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import Layers
import OCISpec

/// One layer of an image, from the inside.
package struct InsideLayer: Sendable, Hashable {
  /// `nil` for a blob of an artifact, which is never unpacked.
  package let diffID: Digest?
  /// The layer as it is stored and transferred.
  package let blob: Descriptor?
  /// Bytes of its unpacked files.
  package let size: Int64
  /// The instruction that made it; empty when the image does not say.
  package let createdBy: String
  /// Bytes of files that later layers hide.
  package let wasted: Int64
  /// The largest of those.
  package let wastedFiles: [LayerWaste.File]
}

extension ImageStore {
  /// An image's layers, lowest first, and what of each nobody sees any more.
  /// - Parameter limit: so many wasted files are listed, the largest of the image; the sums count all.
  package func layers(of name: String, platform: Platform? = nil, limit: Int = 1000) throws(HullError) -> (image: ImageRecord, layers: [InsideLayer])
  {
    let found = try find(name, platform: platform)
    let record = found.record
    let blobs = try manifest(found.manifest).layers
    guard record.artifactType == nil else {
      return (record, blobs.map { InsideLayer(diffID: nil, blob: $0, size: $0.size, createdBy: "", wasted: 0, wastedFiles: []) })
    }
    let steps = record.config.layerSteps
    return try keepingLayers(of: [record.id]) { (layers) throws(HullError) in
      let waste = try LayerWaste(of: layers[0].map { self.layers.path(of: $0.chain) }, limit: limit)
      let files = Dictionary(grouping: waste.largest, by: \.layer)
      let inside = layers[0].enumerated().map { index, layer in
        InsideLayer(
          diffID: layer.diffID, blob: index < blobs.count ? blobs[index] : nil, size: layer.size,
          createdBy: index < steps.count ? steps[index].createdBy ?? "" : "", wasted: waste.bytes[index], wastedFiles: files[index] ?? [])
      }
      return (record, inside)
    }
  }

  func manifest(_ descriptor: Descriptor) throws(HullError) -> Manifest {
    try JSON.decode(blobs.read(descriptor.digest), "the manifest \(descriptor.digest)")
  }

  /// Runs `body` with the layers of images, lowest first, while nobody can remove them.
  func keepingLayers<Result>(of images: [ImageID], _ body: ([[LayerInfo]]) throws(HullError) -> Result) throws(HullError) -> Result {
    func layers() throws(HullError) -> [[LayerInfo]] {
      try database.read("look up layers") { database in try images.map { try Catalog(database: database).layers(of: $0) } }
    }
    let wanted = try layers()
    return try claims.during { (claim) throws(HullError) in
      claim.claim(chains: wanted.flatMap { $0.map(\.chain) })
      // They may have gone before they were claimed.
      let kept = try layers()
      guard kept == wanted else { throw HullError(.notFound, "No such image: \(images[0]): it has just been removed") }
      return try body(kept)
    }
  }
}

extension ImageConfig {
  /// The steps that made layers, lowest first: those of the history that are not marked as empty.
  package var layerSteps: [History] { history.filter { $0.emptyLayer != true } }
}
