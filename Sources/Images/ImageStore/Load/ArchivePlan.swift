// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec

/// One image that an archive holds, checked as far as that can be done without unpacking it.
struct PlannedImage {
  struct Layer {
    let descriptor: Descriptor
    let file: Ingest.File
    let diffID: Digest
  }

  let id: ImageID
  let config: ImageConfig
  let rawConfig: [UInt8]
  let manifest: Descriptor
  /// Lowest first.
  let layers: [Layer]
  /// Files that become blobs: manifest, configuration, layers.
  let files: [(file: Ingest.File, digest: Digest)]
  var references: [Reference]
  /// The index that the names stand for.
  var index: PlannedIndex?
  /// What kind of artifact it is, when it is no image, and the bytes of all its blobs.
  var artifactType: String?
  var artifactSize: Int64 = 0
}

/// An index that an archive holds, with what is needed of it beside its images.
struct PlannedIndex {
  var descriptor: Descriptor
  /// Itself, and attestations.
  var files: [(file: Ingest.File, digest: Digest)]
  var images: [(manifest: Digest, platform: Platform)]
}

/// A signature or the like.
struct PlannedReferrer {
  let descriptor: Descriptor
  let subject: Digest
  let files: [(file: Ingest.File, digest: Digest)]
}

/// All that an archive holds.
struct ArchiveContent {
  var images: [PlannedImage] = []
  var referrers: [PlannedReferrer] = []
}

/// Finds the images in a spooled archive.
struct ArchivePlan {
  let spool: ArchiveSpool
  /// `nil`: of each index all images that are in the archive.
  let platform: Platform?

  /// All images, in the archive's order. Throws when there is none, or when something about one of them is wrong.
  func content() throws(HullError) -> ArchiveContent {
    let index = try spool.item("index.json", namedBy: "the layout")
    let manifests = try spool.item("manifest.json", namedBy: "the layout")
    var content = ArchiveContent()
    if let index { content = try OCILayoutPlan(self).content(spool.read(index, "index.json")) }
    if let manifests {
      content.images = try DockerArchivePlan(self).images(spool.read(manifests, "manifest.json"), known: content.images)
    }
    guard index != nil || manifests != nil else {
      throw HullError(.invalidArgument, "invalid archive: does not contain a manifest.json or an index.json")
    }
    return content
  }

  /// Puts one image together from its parts and compares them with each other.
  func image(
    manifest: Descriptor, manifestFile: Ingest.File, config: ArchiveSpool.Item, layers: [(Descriptor, ArchiveSpool.Item)], references: [Reference]
  ) throws(HullError) -> PlannedImage {
    let rawConfig = try spool.read(config, "the configuration \(config.digest)")
    let parsed: ImageConfig = try JSON.decode(rawConfig, "the configuration \(config.digest)")
    try ImageRules.check(parsed, id: config.digest, layers: layers.count)
    let diffIDs = parsed.rootfs.diffIDs
    let planned = zip(layers, diffIDs).map { PlannedImage.Layer(descriptor: $0.0.0, file: $0.0.1.file, diffID: $0.1) }
    return PlannedImage(
      id: config.digest, config: parsed, rawConfig: rawConfig, manifest: manifest, layers: planned,
      files: [(manifestFile, manifest.digest), (config.file, config.digest)] + layers.map { ($0.1.file, $0.1.digest) }, references: references)
  }
}
