// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Glibc
import Layers
import LinuxSystem
import OCISpec

extension ImageStore {
  /// `docker import`: a root file system's archive (plain, gzip or zstd) becomes an image of one layer.
  package func importRoot(from fd: Int32, _ request: ImportRequest) throws(HullError) -> ImageID {
    let config = try ConfigChanges.apply(request.changes, to: ProcessConfig())
    let ingest = try blobs.ingest()
    return try claims.during { (claim) throws(HullError) in
      // The archive is kept as it comes in while its files are unpacked.
      let received = try ReceivedLayer.receive(FileSource(fd, name: "the archive"), into: ingest) { (source) throws(HullError) in
        try layers.unpackRoot(source) { claim.claim(chains: [$0]) }
      }
      let now = RFC3339.text(nanoseconds: ImageStore.now())
      let message = request.message.isEmpty ? "Imported from \(request.source)" : request.message
      let history = ImageConfig.History(created: now, comment: message)
      var image = ImageConfig(platform: request.platform ?? .host, config: config, diffIDs: [received.info.diffID], history: [history])
      image.created = now
      image.comment = message
      let layer = Descriptor(mediaType: received.mediaType, digest: received.digest, size: received.size)
      let draft = Draft(config: image, layers: [layer], infos: [received.info], reference: request.reference, parent: nil)
      return try finish(draft, files: [(received.file, received.digest)], ingest, claim)
    }
  }

  /// `docker commit`: what a container changed becomes a layer on top of its image.
  package func commit(_ request: CommitRequest) throws(HullError) -> ImageID {
    let parent = try request.parent.map { (id) throws(HullError) in try find(id.description) }
    let parentManifest: Manifest? = try parent.map { (found) throws(HullError) in
      try JSON.decode(blobs.read(found.manifest.digest), "the manifest \(found.manifest.digest)")
    }
    let config = try ConfigChanges.apply(request.changes, to: request.config)
    let ingest = try blobs.ingest()
    return try claims.during { (claim) throws(HullError) in
      var draft = Draft(base: parent?.record, manifest: parentManifest, config: config)
      draft.infos =
        try parent.map { (found) throws(HullError) in
          try database.read("look up layers") { try Catalog(database: $0).layers(of: found.record.id) }
        } ?? []
      claim.claim(blobs: draft.layers.map(\.digest), chains: draft.infos.map(\.chain))
      let below = Array(draft.infos.reversed().map { layers.path(of: $0.chain) })
      let packed = try pack(request.upper, ingest)
      let isEmpty = packed.digest == Draft.emptyLayer
      var files: [(file: Ingest.File, digest: Digest)] = []
      if !isEmpty {
        let chain = LayerStore.chains(draft.config.rootfs.diffIDs + [packed.digest]).last ?? packed.digest
        claim.claim(chains: [chain])
        let lower = below.isEmpty ? nil : LowerStack { () throws(HullError) in below }
        let info = try layers.unpack(chain, diffID: packed.digest, above: lower, verified: true) { () throws(HullError) in
          try LayerFile.source(packed.file, in: ingest) { _ in }
        }
        draft.add(info, Descriptor(mediaType: MediaType.ociLayer, digest: packed.digest, size: packed.size))
        files = [(packed.file, packed.digest)]
      }
      let now = RFC3339.text(nanoseconds: ImageStore.now())
      draft.describe(request, created: now, isEmpty: isEmpty)
      return try finish(draft, files: files, ingest, claim)
    }
  }

  private func pack(_ upper: String, _ ingest: Ingest) throws(HullError) -> (file: Ingest.File, digest: Digest, size: Int64) {
    let root = try step("cannot read the container's changes") { () throws(SystemError) in try Files.open(upper, O_RDONLY | O_DIRECTORY) }.take()
    defer { close(root) }
    return try ingest.receive { (sink) throws(HullError) in try LayerDiff.write(upper: root, to: sink) }
  }

  /// Writes configuration and manifest, and makes everything visible.
  private func finish(
    _ draft: Draft, files: [(file: Ingest.File, digest: Digest)], _ ingest: Ingest, _ claim: Claim
  ) throws(HullError) -> ImageID {
    let rawConfig = try JSON.encode(draft.config)
    let config = try ingest.receive(rawConfig)
    let document = Manifest(
      config: Descriptor(mediaType: MediaType.ociConfig, digest: config.digest, size: config.size), layers: draft.layers)
    let manifest = try ingest.receive(JSON.encode(document))
    let blobs = [config.digest, manifest.digest] + draft.layers.map(\.digest)
    claim.claim(blobs: blobs, chains: draft.infos.map(\.chain))
    try ingest.publish(files + [(config.file, config.digest), (manifest.file, manifest.digest)])
    let image = NewImage(
      id: config.digest, config: draft.config, rawConfig: rawConfig,
      manifest: Descriptor(mediaType: MediaType.ociManifest, digest: manifest.digest, size: manifest.size), blobs: Set(blobs), layers: draft.infos,
      references: draft.reference.map { [$0.withDefaultTag] } ?? [], parent: draft.parent)
    _ = try register([image])
    return image.id
  }
}
