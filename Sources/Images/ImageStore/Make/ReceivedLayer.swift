// SPDX-License-Identifier: Apache-2.0
import Archive
import ContentStore
import Errors
import Layers
import OCISpec

/// A layer archive that was stored and unpacked in one pass.
struct ReceivedLayer {
  let info: LayerInfo
  let file: Ingest.File
  let digest: Digest
  let size: Int64
  let mediaType: String

  static func receive(
    _ source: any ByteSource, into ingest: Ingest, unpack: (any ByteSource) throws(HullError) -> LayerInfo
  ) throws(HullError) -> ReceivedLayer {
    var info: LayerInfo?
    let received = try ingest.receive { (sink) throws(HullError) in
      let tee = TeeSource(source, sink)
      let unpacked = try unpack(tee)
      // What comes behind the end of a compressed stream belongs to the blob too.
      try BufferedChunks(tee).drain()
      info = unpacked
    }
    guard let info else { throw HullError(.internalError, "an archive was received, but not unpacked") }
    let mediaType =
      switch try LayerFile.compression(received.file, in: ingest) {
      case .none: MediaType.ociLayer
      case .gzip: MediaType.ociLayerGzip
      case .zstd: MediaType.ociLayerZstd
      }
    return ReceivedLayer(info: info, file: received.file, digest: received.digest, size: received.size, mediaType: mediaType)
  }
}

/// Writes down what passes through.
private final class TeeSource: ByteSource {
  private let source: any ByteSource
  private let sink: any ByteSink

  init(_ source: any ByteSource, _ sink: any ByteSink) {
    self.source = source
    self.sink = sink
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(HullError) -> Int {
    let count = try source.read(into: buffer)
    try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }
}
