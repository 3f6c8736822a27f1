// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec

extension ImageStore {
  /// Writes an artifact down whose blobs are here and claimed (OCI image specification, guidance for artifacts).
  /// - Returns: its manifest.
  @discardableResult
  package func register(
    artifact type: String, config: (mediaType: String, bytes: [UInt8]), layers: [Descriptor], references: [Reference]
  ) throws(HullError) -> Descriptor {
    let ingest = try blobs.ingest()
    return try claims.during { (claim) throws(HullError) in
      let received = try ingest.receive(config.bytes)
      var document = Manifest(config: Descriptor(mediaType: config.mediaType, digest: received.digest, size: received.size), layers: layers)
      document.artifactType = type
      let manifest = try ingest.receive(JSON.encode(document))
      let all = [received.digest, manifest.digest] + layers.map(\.digest)
      claim.claim(blobs: all)
      try ingest.publish([(received.file, received.digest), (manifest.file, manifest.digest)])
      let descriptor = Descriptor(mediaType: MediaType.ociManifest, digest: manifest.digest, size: manifest.size)
      var image = NewImage(
        id: manifest.digest, config: ImageConfig(platform: .host), rawConfig: Array("{}".utf8), manifest: descriptor, blobs: Set(all), layers: [],
        references: references.map(\.withDefaultTag))
      image.artifactType = type
      image.artifactSize = layers.reduce(received.size) { $0 + $1.size }
      _ = try register([image])
      return descriptor
    }
  }

  /// Stores a directory's files as a blob, for an artifact: gzip is left to who sends it.
  package func store(directory: Int32, _ claim: Claim) throws(HullError) -> Descriptor {
    let ingest = try blobs.ingest()
    let received = try ingest.receive { (sink) throws(HullError) in
      let buffered = BufferedSink(sink)
      let writer = TarWriter(buffered)
      try TreePacker(root: directory, writer: writer).pack([], as: [])
      try writer.finish()
      try buffered.flush()
    }
    claim.claim(blobs: [received.digest])
    try ingest.publish([(received.file, received.digest)])
    return Descriptor(mediaType: MediaType.ociLayer, digest: received.digest, size: received.size)
  }

  /// The manifest that a name stands for, and its configuration's bytes.
  package func artifact(_ name: String) throws(HullError) -> (manifest: Manifest, config: [UInt8]) {
    let found = try find(name)
    let manifest: Manifest = try JSON.decode(blobs.read(found.manifest.digest), "the manifest \(found.manifest.digest)")
    return (manifest, try blobs.read(manifest.config.digest))
  }
}
