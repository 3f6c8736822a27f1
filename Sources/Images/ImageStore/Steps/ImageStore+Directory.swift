// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import OCISpec

extension ImageStore {
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
