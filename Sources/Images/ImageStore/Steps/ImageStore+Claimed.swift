// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec

/// Blobs that no row speaks of yet: they stay as long as the claim.
extension ImageStore {
  /// Stores a document; one that is here already is not written again: a build that changed nothing finds all of its own.
  package func store(_ bytes: [UInt8], _ mediaType: String, _ claim: Claim) throws(HullError) -> Descriptor {
    let descriptor = Descriptor(mediaType: mediaType, digest: SHA256.digest(of: bytes), size: Int64(bytes.count))
    claim.claim(blobs: [descriptor.digest])
    guard blobs.size(of: descriptor.digest) == nil else { return descriptor }
    let ingest = try blobs.ingest()
    try ingest.publish([(try ingest.receive(bytes).file, descriptor.digest)])
    return descriptor
  }

  /// Stores a directory's files as a blob: whoever sends it compresses it.
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
}
