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
  ///   - platform: which image of an index to take; `nil`: all that are in the archive.
  ///   - progress: called while layers are unpacked, about once per MiB, on another thread than the caller's.
  package func load(
    from fd: Int32, platform: Platform? = nil, progress: @escaping @Sendable (LayerProgress) -> Void = { _ in }
  ) throws(HullError) -> [LoadedImage] {
    var spool = ArchiveSpool(try blobs.ingest())
    try spool.receive(FileSource(fd, name: "the image archive"))
    let content = try ArchivePlan(spool: spool, platform: platform).content()
    let files = content.images.flatMap { $0.files + ($0.index?.files ?? []) } + content.referrers.flatMap(\.files)
    return try claims.during { (claim) throws(HullError) in
      claim.claim(blobs: files.map(\.digest))
      var new: [NewImage] = []
      for image in content.images {
        claim.claim(chains: LayerStore.chains(image.config.rootfs.diffIDs))
        new.append(NewImage(image, layers: try unpack(image, spool.ingest, progress)))
      }
      try spool.ingest.publish(files)
      return try register(new, content.referrers.map(NewReferrer.init))
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
  func register(_ images: [NewImage], _ referrers: [NewReferrer] = []) throws(HullError) -> [LoadedImage] {
    try sync()
    let now = ImageStore.now()
    return try database.write("record the images") { database in
      let catalog = Catalog(database: database)
      let named = images.flatMap(\.references)
      let replaced = try Dictionary(named.map { ($0, try catalog.image(named: $0)?.image) }, uniquingKeysWith: { first, _ in first })
      for image in images {
        try catalog.insert(image, now: now)
        if let index = image.index { try catalog.insert(index) }
      }
      for referrer in referrers { try catalog.insert(referrer) }
      var loaded: [LoadedImage] = []
      for image in images {
        for reference in image.references where !loaded.contains(where: { $0.reference == reference }) {
          let id = try catalog.name(image, reference, now: now)
          let old = replaced[reference] ?? nil
          loaded.append(LoadedImage(id: id, reference: reference, replaced: old == id ? nil : old))
        }
        if image.references.isEmpty { loaded.append(LoadedImage(id: image.id, reference: nil)) }
      }
      return loaded
    }
  }
}

extension Catalog {
  /// Gives a name to an image, or to its index and that of its images that suits this machine best.
  /// - Returns: the image that the name stands for.
  fileprivate func name(_ image: NewImage, _ reference: Reference, now: Int64) throws -> ImageID {
    let best = try image.index.flatMap { try variants(of: $0.descriptor.digest).best(for: .host) }
    let (id, manifest) = (best?.image ?? image.id, best?.manifest ?? image.manifest.digest)
    try name(id, reference, manifest: manifest, index: image.index?.descriptor.digest, now: now)
    return id
  }
}

extension NewImage {
  init(_ image: PlannedImage, layers: [LayerInfo]) {
    self.init(
      id: image.id, config: image.config, rawConfig: image.rawConfig, manifest: image.manifest, blobs: Set(image.files.map(\.digest)),
      layers: layers, references: image.references)
    index = image.index.map { planned in
      let own = [(manifest: image.manifest.digest, platform: image.config.platform)]
      let images = planned.images.contains { $0.manifest == image.manifest.digest } ? planned.images : planned.images + own
      return NewIndex(descriptor: planned.descriptor, blobs: Set(planned.files.map(\.digest)), images: images)
    }
    artifactType = image.artifactType
    artifactSize = image.artifactType == nil ? 0 : image.artifactSize
  }
}

extension NewReferrer {
  init(_ referrer: PlannedReferrer) {
    self.init(descriptor: referrer.descriptor, subject: referrer.subject, blobs: Set(referrer.files.map(\.digest)))
  }
}
