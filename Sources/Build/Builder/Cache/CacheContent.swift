// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import OCISpec

/// A cache as it goes out: its blobs and its manifest are in the store and claimed.
struct CacheContent: Sendable {
  /// The description last; each once.
  var blobs: [Descriptor]
  var manifest: Descriptor
  var manifestBytes: [UInt8]
}

/// Makes a cache's blobs and documents. Blocking.
struct CacheContentMaker: Sendable {
  let images: ImageStore
  let target: CacheTarget
  let claim: Claim

  /// - Parameter names: what needs no blobs.
  func content(_ names: CacheDocument, _ records: [StepRecord], _ mounts: [(id: String, blob: Descriptor)]) throws(HullError) -> CacheContent {
    var document = names
    var layers: [Descriptor] = []
    var formed: [Digest: Descriptor] = [:]
    func form(_ blob: Descriptor) throws(HullError) -> Digest {
      if let known = formed[blob.digest] { return known.digest }
      let made = try self.form(blob)
      formed[blob.digest] = made
      if !layers.contains(where: { $0.digest == made.digest }) { layers.append(made) }
      return made.digest
    }
    for record in records.sorted(by: { ($0.created, $0.key) < ($1.created, $1.key) }) {
      var step = CacheDocument.Step(record)
      if let blob = record.descriptor { step.blob = try form(blob) }
      document.steps.append(step)
    }
    for mount in mounts { document.mounts.append(CacheDocument.Mount(id: mount.id, blob: try form(mount.blob))) }
    return try content(document, layers)
  }

  private func form(_ blob: Descriptor) throws(HullError) -> Descriptor { try images.formed(blob, as: target.form, claim) }

  private func content(_ document: CacheDocument, _ layers: [Descriptor]) throws(HullError) -> CacheContent {
    let config = try images.store(document.encoded, CacheDocument.configType, claim)
    let (bytes, mediaType) = try manifest(config, layers)
    let descriptor = try images.store(bytes, mediaType, claim)
    return CacheContent(blobs: layers + [config], manifest: descriptor, manifestBytes: bytes)
  }

  private func manifest(_ config: Descriptor, _ layers: [Descriptor]) throws(HullError) -> (bytes: [UInt8], mediaType: String) {
    guard target.isManifest else {
      var index = Index(manifests: layers + [config])
      index.mediaType = target.usesDockerTypes ? MediaType.dockerManifestList : MediaType.ociIndex
      return (try JSON.encode(index), index.mediaType ?? MediaType.ociIndex)
    }
    var manifest = Manifest(config: config, layers: layers)
    manifest.artifactType = CacheDocument.artifactType
    return (try JSON.encode(manifest), MediaType.ociManifest)
  }
}
