// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec

/// Reads `manifest.json` of an archive made by `docker save` (image specification v1.2).
struct DockerArchivePlan {
  private let plan: ArchivePlan
  private var spool: ArchiveSpool { plan.spool }

  init(_ plan: ArchivePlan) { self.plan = plan }

  /// - Parameter known: the images of the archive's own index.json: they keep their manifests and get the names that are only here.
  func images(_ document: [UInt8], known: [PlannedImage]) throws(HullError) -> [PlannedImage] {
    let entries: [DockerManifest]? = try JSON.decode(document, "manifest.json")
    guard let entries else { throw HullError(.invalidArgument, "invalid manifest, manifest cannot be null (but can be [])") }
    var images = known
    for entry in entries {
      let references = try references(entry)
      let config = try spool.require(entry.config, namedBy: "manifest.json")
      if let index = images.firstIndex(where: { $0.id == config.digest }) {
        images[index].references += references.filter { !images[index].references.contains($0) }
      } else if known.isEmpty || !isForAnotherPlatform(config) {
        images.append(try image(entry, config, references))
      }
    }
    return images
  }

  private func references(_ entry: DockerManifest) throws(HullError) -> [Reference] {
    var references: [Reference] = []
    for tag in entry.repoTags ?? [] {
      let reference = try Reference(tag)
      guard reference.tag != nil, reference.digest == nil else { throw HullError(.invalidArgument, "invalid tag \(quoted(tag))") }
      references.append(reference)
    }
    return references
  }

  /// The index has chosen already: what it left out is not for us.
  private func isForAnotherPlatform(_ item: ArchiveSpool.Item) -> Bool {
    guard let bytes = try? spool.read(item, "a configuration"), let config: ImageConfig = try? JSON.decode(bytes, "a configuration") else {
      return false
    }
    return config.platform.distance(to: plan.platform ?? .host) == nil
  }

  /// Such an archive has no manifest: one is made, always the same for the same parts.
  private func image(_ entry: DockerManifest, _ config: ArchiveSpool.Item, _ references: [Reference]) throws(HullError) -> PlannedImage {
    var layers: [(Descriptor, ArchiveSpool.Item)] = []
    for path in entry.layers {
      let item = try spool.require(path, namedBy: "manifest.json")
      layers.append((Descriptor(mediaType: try mediaType(item), digest: item.digest, size: item.size), item))
    }
    let manifest = Manifest(
      config: Descriptor(mediaType: MediaType.ociConfig, digest: config.digest, size: config.size), layers: layers.map(\.0))
    let written = try spool.ingest.receive(JSON.encode(manifest))
    let descriptor = Descriptor(mediaType: MediaType.ociManifest, digest: written.digest, size: written.size)
    return try plan.image(manifest: descriptor, manifestFile: written.file, config: config, layers: layers, references: references)
  }

  private func mediaType(_ item: ArchiveSpool.Item) throws(HullError) -> String {
    switch try LayerFile.compression(item.file, in: spool.ingest) {
    case .none: MediaType.ociLayer
    case .gzip: MediaType.ociLayerGzip
    case .zstd: MediaType.ociLayerZstd
    }
  }
}
