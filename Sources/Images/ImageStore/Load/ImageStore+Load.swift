// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Layers
import OCISpec

/// How far the unpacking of one layer is.
package struct LayerProgress: Sendable, Hashable {
  package let diffID: Digest
  /// Bytes of the stored layer.
  package let current: Int64
  package let total: Int64
}

extension ImageStore {
  /// `docker load`: reads an archive (docker-archive or OCI layout; plain, gzip or zstd) to its end. All of its images come in, or none.
  /// - Parameters:
  ///   - platform: which image of an index to take; `nil`: the host's.
  ///   - progress: called while layers are unpacked, about once per MiB, on another thread than the caller's.
  package func load(
    from fd: Int32, platform: Platform? = nil, progress: @escaping @Sendable (LayerProgress) -> Void = { _ in }
  ) throws(HullError) -> [LoadedImage] {
    var spool = ArchiveSpool(try blobs.ingest())
    try spool.receive(FileSource(fd, name: "the image archive"))
    let images = try ArchivePlan(spool: spool, platform: platform ?? .host).images()
    return try claims.during { (claim) throws(HullError) in
      var new: [NewImage] = []
      for image in images {
        claim.claim(blobs: image.files.map(\.digest), chains: LayerStore.chains(image.config.rootfs.diffIDs))
        let unpacked = try unpack(image, spool.ingest, progress)
        new.append(NewImage(image, layers: unpacked))
      }
      try spool.ingest.publish(images.flatMap(\.files))
      return try register(new)
    }
  }

  private func unpack(
    _ image: PlannedImage, _ ingest: Ingest, _ progress: @escaping @Sendable (LayerProgress) -> Void
  ) throws(HullError) -> [LayerInfo] {
    let chains = LayerStore.chains(image.config.rootfs.diffIDs)
    var infos: [LayerInfo] = []
    for (index, layer) in image.layers.enumerated() {
      // A plain layer whose digest is its diff ID was hashed when it was received.
      let verified = layer.descriptor.digest == layer.diffID
      let info = try layers.unpack(chains[index], diffID: layer.diffID, above: lower(chains[..<index]), verified: verified) { () throws(HullError) in
        try LayerFile.source(layer.file, in: ingest) {
          progress(LayerProgress(diffID: layer.diffID, current: $0, total: layer.descriptor.size))
        }
      }
      infos.append(info)
    }
    return infos
  }

  private func lower(_ chains: ArraySlice<Digest>) -> LowerStack? {
    let directories = Array(chains.reversed().map(layers.path(of:)))
    return directories.isEmpty ? nil : LowerStack { () throws(HullError) in directories }
  }

  /// Writes down images whose files are in place, once those are on disk for good.
  func register(_ images: [NewImage]) throws(HullError) -> [LoadedImage] {
    try sync()
    let now = ImageStore.now()
    return try database.write("record the images") { database in
      let catalog = Catalog(database: database)
      var loaded: [LoadedImage] = []
      for image in images {
        let replaced = try image.references.map { try catalog.image(named: $0)?.image }
        try catalog.insert(image, now: now)
        if image.references.isEmpty { loaded.append(LoadedImage(id: image.id, reference: nil)) }
        for (reference, old) in zip(image.references, replaced) {
          loaded.append(LoadedImage(id: image.id, reference: reference, replaced: old == image.id ? nil : old))
        }
      }
      return loaded
    }
  }
}

extension NewImage {
  init(_ image: PlannedImage, layers: [LayerInfo]) {
    self.init(
      id: image.id, config: image.config, rawConfig: image.rawConfig, manifest: image.manifest, blobs: Set(image.files.map(\.digest)),
      layers: layers, references: image.references)
  }
}
