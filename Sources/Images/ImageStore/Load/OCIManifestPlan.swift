// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Errors
import OCISpec

/// Reads a manifest of an OCI image layout, with everything it names.
struct OCIManifestPlan {
  private let plan: ArchivePlan
  private var spool: ArchiveSpool { plan.spool }

  init(_ plan: ArchivePlan) { self.plan = plan }

  /// A manifest that is in the archive with all its blobs.
  struct Document {
    fileprivate let plan: ArchivePlan
    fileprivate let item: ArchiveSpool.Item
    let descriptor: Descriptor
    let manifest: Manifest
    fileprivate let config: ArchiveSpool.Item
    fileprivate let layers: [(Descriptor, ArchiveSpool.Item)]
    let references: [Reference]

    /// What becomes blobs.
    var files: [(file: Ingest.File, digest: Digest)] {
      [(item.file, item.digest), (config.file, config.digest)] + layers.map { ($0.1.file, $0.1.digest) }
    }
  }

  func read(_ descriptor: Descriptor) throws(HullError) -> Document {
    let item = try spool.blob(descriptor)
    let what = "the manifest \(descriptor.digest)"
    let manifest: Manifest = try JSON.decode(spool.read(item, what), what)
    let type = [manifest.mediaType ?? "", descriptor.mediaType].first { !$0.isEmpty } ?? MediaType.ociManifest
    guard MediaType.isManifest(type) else { throw HullError(.invalidArgument, "archive: \(what) is of unknown media type \(quoted(type))") }
    let config = try spool.blob(manifest.config)
    var layers: [(Descriptor, ArchiveSpool.Item)] = []
    for layer in manifest.layers { layers.append((layer, try spool.blob(layer))) }
    return Document(
      plan: plan, item: item, descriptor: Descriptor(mediaType: type, digest: item.digest, size: item.size), manifest: manifest, config: config,
      layers: layers, references: try references(descriptor))
  }

  /// The whole name where a tool wrote one; a bare tag says nothing about the repository and is left out.
  private func references(_ descriptor: Descriptor) throws(HullError) -> [Reference] {
    if let name = descriptor.annotations?[Annotation.imageName] { return [try Reference(name).withDefaultTag] }
    guard let name = descriptor.annotations?[Annotation.refName], name.contains(":") || name.contains("/"),
      let reference = try? Reference(name), reference.digest == nil
    else { return [] }
    return [reference.withDefaultTag]
  }
}

extension OCIManifestPlan.Document {
  /// What kind of artifact it is; `nil`: it is an image.
  private var artifactType: String? {
    let type = manifest.config.mediaType
    guard manifest.artifactType != nil || !(type.isEmpty || MediaType.isConfig(type)) else { return nil }
    return manifest.artifactType ?? type
  }

  /// It is about another manifest.
  var referrer: PlannedReferrer? {
    guard let subject = manifest.subject else { return nil }
    var kept = descriptor
    kept.artifactType = artifactType
    return PlannedReferrer(descriptor: kept, subject: subject.digest, files: files)
  }

  /// - Returns: an image, or an artifact that is kept as one.
  func image() throws(HullError) -> PlannedImage? {
    if let artifactType {
      var artifact = PlannedImage(
        id: descriptor.digest, config: ImageConfig(platform: Platform(os: "", architecture: "")), rawConfig: Array("{}".utf8), manifest: descriptor,
        layers: [], files: files, references: references)
      artifact.artifactType = artifactType
      artifact.artifactSize = layers.reduce(item.size + config.size) { $0 + $1.1.size }
      return artifact
    }
    if let layer = layers.first(where: { !MediaType.isLayer($0.0.mediaType) })?.0 {
      throw HullError(.unsupported, "archive: layer \(layer.digest) is of unknown media type \(quoted(layer.mediaType))")
    }
    return try plan.image(manifest: descriptor, manifestFile: item.file, config: config, layers: layers, references: references)
  }
}

extension ArchiveSpool {
  /// Whether a blob is in the archive.
  func holds(_ descriptor: Descriptor) throws(HullError) -> Bool {
    try item("blobs/sha256/\(descriptor.digest.hex)", namedBy: "the layout") != nil
  }

  /// A blob of the archive, compared with its descriptor.
  func blob(_ descriptor: Descriptor) throws(HullError) -> Item {
    guard descriptor.digest.algorithm == "sha256" else {
      throw HullError(.unsupported, "archive: blob \(descriptor.digest): only sha256 is supported")
    }
    let item = try require("blobs/sha256/\(descriptor.digest.hex)", namedBy: "the layout")
    guard item.digest == descriptor.digest else {
      throw HullError(.invalidArgument, "archive: blob \(descriptor.digest): wrong digest: its content is \(item.digest)")
    }
    guard item.size == descriptor.size else {
      throw HullError(.invalidArgument, "archive: blob \(descriptor.digest) has \(item.size) bytes, but its descriptor says \(descriptor.size)")
    }
    return item
  }
}
